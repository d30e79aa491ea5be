import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const PROJECT_DIRECTORY = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Every file that is or would be committed, relative to the checkout. */
export function listFiles() {
  const output = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: PROJECT_DIRECTORY,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  const files = new Set(output.split("\0").filter((file) => file !== ""));
  return [...files].filter((file) => existsSync(join(PROJECT_DIRECTORY, file))).sort();
}
