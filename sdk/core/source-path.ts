import { isAbsolute, posix, relative } from "node:path";

/** Names of what is no file: a URL, `<anonymous>`, `[eval]`. */
const NO_FILE = /^(?:[a-z][a-z0-9+.-]+:|[<[])/i;

/** The name of a source file below or beside a directory: the same wherever the two lie together. */
export function formatSourcePath(file: string, root: string): string {
  return isAbsolute(file) ? relative(root, file) : file;
}

/** The file that a name from {@link formatSourcePath} stands for; what is no file stays as it is. */
export function resolveSourcePath(name: string, root: string): string {
  return isAbsolute(name) || NO_FILE.test(name) ? name : posix.join(root, name);
}
