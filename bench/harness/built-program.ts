import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The command line as it is published. */
export function builtProgram(): string {
  const program = join(import.meta.dirname, "../../dist/cli.js");
  if (!existsSync(program)) throw new Error("dist/cli.js is missing: `npm run build` makes it");
  return program;
}

/** Runs a program to its end, and fails if it does. */
export function runToEnd(command: string, ...parameters: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, parameters, { encoding: "utf8", maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")} failed: ${stderr}`, { cause: error });
}
