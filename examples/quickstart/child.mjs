import { spawn } from "node:child_process";

/**
 * Runs a TypeScript file from the sources, and gives its exit status, or with `capture` its output. A signal that stops
 * this process is passed on, and the program's own end is waited for.
 */
export async function runSource(checkout, file, args, { env = {}, signal, capture = false }) {
  signal.throwIfAborted();
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=kitsmith-source", file, ...args], {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: ["inherit", capture ? "pipe" : "inherit", "inherit"],
  });
  const forward = () => child.kill("SIGTERM");
  signal.addEventListener("abort", forward, { once: true });
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  try {
    const status = await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
    signal.throwIfAborted();
    if (!capture) return status;
    if (status !== 0) throw new Error(`${file} ended with ${status}`);
    return output;
  } finally {
    signal.removeEventListener("abort", forward);
  }
}
