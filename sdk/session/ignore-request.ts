import { posix } from "node:path";
import { dockerfileIgnoreFile, IGNORE_FILE } from "../context/ignore-file.ts";

/**
 * The ignore file that a request is made for, if it is one of those that the dockerfile frontend makes to read it:
 * `.dockerignore` alone, from the context; or the Dockerfile with the ignore file that bears its name, and perhaps the
 * Dockerfile in lower case. A copy of files from the context names others, or more.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/frontend/dockerui/config.go
 */
export function ignoreFileOf(include: readonly string[], followPaths: readonly string[]): string | undefined {
  const [first, second, third, ...others] = [...include, ...followPaths].map((path) => posix.join(".", path));
  if (first === undefined || others.length > 0) return undefined;
  if (second === undefined) return first === IGNORE_FILE ? first : undefined;
  if (second !== dockerfileIgnoreFile(first)) return undefined;
  const isLowerCase = third === posix.join(posix.dirname(first), "dockerfile");
  return third === undefined || isLowerCase ? second : undefined;
}
