import { readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import { delay } from "../../core/abort.ts";

const POLL_MS = 50;
const LIMIT_MS = 5_000;

/**
 * Kills the processes whose root file system lies below a directory: steps that an engine left running when it ended.
 * They outlive it, since each has a session of its own.
 */
export async function killProcessesRootedBelow(directory: string): Promise<void> {
  // The kernel shows paths without symbolic links.
  const real = await realpath(directory).catch(() => directory);
  for (let waitedMs = 0; waitedMs <= LIMIT_MS; waitedMs += POLL_MS) {
    const pids = await processesRootedBelow(real);
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
    await delay(POLL_MS);
  }
}

async function processesRootedBelow(directory: string): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const found = await Promise.all(pids.map((pid) => isRootedBelow(pid, directory)));
  return pids.filter((_, index) => found[index]);
}

/** A container's root is an overlay with layers of the engine's directory, or a bind mount from there. */
async function isRootedBelow(pid: number, directory: string): Promise<boolean> {
  const mounts = await readFile(join("/proc", String(pid), "mountinfo"), "utf8").catch(() => "");
  const root = mounts.split("\n").find((line) => line.split(" ")[4] === "/");
  return root?.includes(`${directory}/`) ?? false;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
