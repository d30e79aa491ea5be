import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../core/errors.ts";
import { startRegistry } from "./registry.ts";
import { REGISTRY_DATA, REGISTRY_PORT } from "./registry-files.ts";

// A program of its own: `registry-process DIRECTORY PORT`. It serves until it is asked to end.
const [directory, port] = process.argv.slice(2);
if (directory === undefined || !/^\d{1,5}$/.test(port ?? "")) {
  throw new InputError("INPUT_OPTION_INVALID", "the registry's process needs a directory and a port");
}
const registry = await startRegistry({ directory: join(directory, REGISTRY_DATA), port: Number(port) });
await writeFile(join(directory, REGISTRY_PORT), JSON.stringify({ pid: process.pid, port: registry.port }));
for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => void registry.close());
