import { constants } from "node:fs";
import { readFile } from "node:fs/promises";
import { InputError } from "../core/errors.ts";
import type { VirtualRoot } from "../core/local-source.ts";
import { cleanPath, trimSpace } from "./clean-path.ts";
import { openTree } from "./virtual-tree.ts";

/** Name of the ignore file of a build context. */
export const IGNORE_FILE = ".dockerignore";

/** Name of the ignore file that belongs to one Dockerfile, beside it. */
export function dockerfileIgnoreFile(dockerfile: string): string {
  return `${dockerfile}${IGNORE_FILE}`;
}

/**
 * Reads an ignore file into patterns for {@link parsePatterns}: lines that start with `#` are comments, white space is cut,
 * paths are cleaned and lose a slash at the front. A byte order mark at the start is dropped.
 *
 * @source https://github.com/moby/patternmatcher/blob/v0.6.1/ignorefile/ignorefile.go
 */
export function parseIgnoreFile(text: string): readonly string[] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map((line) => trimSpace(line))
    .filter(Boolean)
    .map((line) => (line.startsWith("!") ? `!${relativePattern(trimSpace(line.slice(1)))}` : relativePattern(line)));
}

function relativePattern(pattern: string): string {
  if (pattern === "") return "";
  const cleaned = cleanPath(pattern);
  return cleaned.length > 1 && cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
}

/**
 * The exclude patterns that the ignore file of a build context holds: `<Dockerfile>.dockerignore` if there is one,
 * else `.dockerignore`, else none.
 *
 * @throws InputError `INPUT_SOURCE_MISSING` (the context), `INPUT_SOURCE_UNREADABLE` (the ignore file)
 */
export async function readIgnorePatterns(
  root: VirtualRoot,
  options: { readonly dockerfile?: string } = {},
): Promise<readonly string[]> {
  const tree = await openTree(root);
  const names = [dockerfileIgnoreFile(options.dockerfile ?? "Dockerfile"), IGNORE_FILE];
  for (const name of names) {
    const found = await tree.find(name);
    if (found?.kind === "leaf") return parseIgnoreFile(await readIgnoreFile(found.file));
  }
  return [];
}

async function readIgnoreFile(file: string): Promise<string> {
  try {
    return await readFile(file, { encoding: "utf8", flag: constants.O_RDONLY | constants.O_NOFOLLOW });
  } catch (cause) {
    throw new InputError("INPUT_SOURCE_UNREADABLE", `the ignore file ${file} cannot be read`, {
      cause,
      hint: "Make it a readable regular file, not a symlink.",
    });
  }
}
