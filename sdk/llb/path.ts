import { posix } from "node:path";

/** The shortest equal path, as Go's path.Clean has it: no slash at the end. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** Joined and cleaned, as Go's path.Join has it. */
export function joinPath(...parts: readonly string[]): string {
  const present = parts.filter((part) => part !== "");
  return present.length === 0 ? "" : cleanPath(present.join("/"));
}

/** Where a path of a file op leads when `directory` is the working directory. */
export function resolvePath(directory: string, path: string): string {
  const clean = cleanPath(path);
  return clean.startsWith("/") ? clean : joinPath("/", directory, clean);
}

/** As {@link resolvePath}, but a slash or /. at the end stays: for a copy it says "into this directory". */
export function resolveDestination(directory: string, path: string): string {
  const resolved = resolvePath(directory, path);
  const withSlash = resolved === "/" ? "/" : `${resolved}/`;
  if (path.endsWith("/")) return withSlash;
  return path.endsWith("/.") ? `${withSlash}.` : resolved;
}
