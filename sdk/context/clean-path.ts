import { posix } from "node:path";

/**
 * The shortest spelling of a path, as Go's `filepath.Clean` has it on Unix: no empty or `.` elements, no inner `..`,
 * no slash at the end, `.` for nothing.
 *
 * @source https://pkg.go.dev/path/filepath@go1.26.0#Clean
 */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** Cuts white space from both ends, as Go's `strings.TrimSpace` does: U+0085 is white space, a byte order mark is not. */
export function trimSpace(text: string): string {
  return text.replace(/^\p{White_Space}+/u, "").replace(/\p{White_Space}+$/u, "");
}
