import { spawn } from "node:child_process";

/**
 * Runs a TypeScript file from the sources and gives its exit status. A signal that stops this process is passed on, and
 * the program's own end is waited for.
 */
export async function runSource(checkout, file, args, { env, signal }) {
  signal.throwIfAborted();
  const child = spawn(process.execPath, ["--import", "tsx", "--conditions=kitsmith-source", file, ...args], {
    cwd: checkout,
    env: { ...process.env, ...env },
    stdio: "inherit",
  });
  const forward = () => child.kill("SIGTERM");
  signal.addEventListener("abort", forward, { once: true });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
  } finally {
    signal.removeEventListener("abort", forward);
  }
}
