import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { stopEngineDaemon } from "../../sdk/engine/lifecycle/engine-daemon.ts";
import {
  describeProcess,
  isRunning,
  readProcessRecord,
  writeProcessRecord,
} from "../../sdk/engine/lifecycle/process-record.ts";

// Not the system's directory for temporary files: its path may be too long for sockets.
const PARENT = "/tmp";
const PREFIX = "kitsmith-it-";
const OWNER_FILE = "owner.json";

/** A directory for one engine or registry, marked with the process that made it. */
export async function createScratchDirectory(): Promise<string> {
  const directory = await mkdtemp(join(PARENT, PREFIX));
  const owner = await describeProcess(process.pid);
  if (owner !== undefined) await writeProcessRecord(join(directory, OWNER_FILE), owner);
  return directory;
}

/** Stops what runs from the directory and removes it. */
export async function removeScratchDirectory(directory: string): Promise<void> {
  await stopEngineDaemon(directory);
  await rm(directory, { recursive: true, force: true });
}

/** Clears up after test runs that were killed. Directories whose maker still runs are left alone. */
export async function removeAbandonedDirectories(): Promise<void> {
  for (const name of await readdir(PARENT)) {
    if (!name.startsWith(PREFIX)) continue;
    const directory = join(PARENT, name);
    const owner = await readProcessRecord(join(directory, OWNER_FILE));
    if (owner !== undefined && !(await isRunning(owner))) await removeScratchDirectory(directory);
  }
}
