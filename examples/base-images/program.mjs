import { spawn } from "node:child_process";

const PASSED_ON = ["PATH", "TMPDIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"];

/** Runs a program and gives its output; fails with what it said on standard error. */
export async function runProgram(file, args, { cwd, signal } = {}) {
  return await collect(start(file, args, { cwd, signal }), file);
}

/** Runs two programs, the first one's output is the second one's input. */
export async function runPipe([file, ...args], [readerFile, ...readerArgs], { signal } = {}) {
  const writer = start(file, args, { signal });
  const reader = start(readerFile, readerArgs, { signal, stdin: "pipe" });
  // A reader may stop before the end of what is padding to it: the exit codes tell whether all went well.
  reader.stdin.on("error", () => undefined);
  writer.stdout.pipe(reader.stdin);
  await Promise.all([finished(writer, file), collect(reader, readerFile)]);
}

function start(file, args, { cwd, signal, stdin = "ignore" }) {
  const environment = { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  for (const name of PASSED_ON) if (process.env[name] !== undefined) environment[name] = process.env[name];
  return spawn(file, args, { cwd, signal, env: environment, stdio: [stdin, "pipe", "pipe"] });
}

async function collect(child, file) {
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  await finished(child, file);
  return output;
}

function finished(child, file) {
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => {
    complaint = `${complaint}${text}`.slice(-4000);
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => {
      if (code === 0) resolve();
      else reject(new Error(`${file} ended with ${code ?? killedBy}: ${complaint.trim()}`));
    });
  });
}
