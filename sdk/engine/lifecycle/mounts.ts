import { readFile, realpath } from "node:fs/promises";
import { runProgram } from "./program.ts";

/** Mount points at a directory and below it, innermost first. */
export async function mountsBelow(directory: string): Promise<readonly string[]> {
  // The kernel shows paths without symbolic links.
  const real = await realpath(directory).catch(() => directory);
  const text = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  return text
    .split("\n")
    .map((line) => unescapePath(line.split(" ")[4] ?? ""))
    .filter((path) => path === real || path.startsWith(`${real}/`))
    .reverse();
}

/** Unmounts what an engine left behind in its directory. Nothing outside of it is touched. */
export async function unmountBelow(directory: string): Promise<void> {
  for (const path of await mountsBelow(directory)) {
    await runProgram(["umount", "--lazy", "--", path]);
  }
}

/** The kernel writes blanks, tabs, newlines and backslashes as octal numbers. */
function unescapePath(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
