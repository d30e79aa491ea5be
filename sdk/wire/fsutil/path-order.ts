import { ProtocolError } from "../../core/errors.ts";
import { FILE_MODE, type FileStat, hasModeBit, isRegularMode } from "../../core/file-stat.ts";
import { compareUtf8 } from "../../core/utf8-order.ts";

/** Checks the entries of a tree as they come. */
export interface PathOrder {
  /**
   * Accepts the next entry.
   *
   * @throws ProtocolError `FSUTIL_PATH_UNSAFE`
   */
  check(stat: FileStat): void;
}

interface Level {
  readonly directory: string;
  last: string;
}

/**
 * Accepts only trees that cannot write outside of their root: clean relative paths, each below a directory that came
 * before it as a directory, in order and never twice; hard links only to files of the same tree.
 *
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/validator.go
 */
export function createPathOrder(): PathOrder {
  const levels: Level[] = [{ directory: "", last: "" }];
  const files = new Set<string>();
  return {
    check(stat) {
      const { path, mode, linkname } = stat;
      if (!isSafePath(path)) throw unsafe(path, "is not a clean path inside the tree");
      const slash = path.lastIndexOf("/");
      const directory = path.slice(0, Math.max(slash, 0));
      const name = path.slice(slash + 1);
      while (levels.length > 1 && levels.at(-1)?.directory !== directory) levels.pop();
      const level = levels.at(-1);
      if (level?.directory !== directory) throw unsafe(path, "comes without its directory");
      if (compareUtf8(level.last, name) >= 0) throw unsafe(path, "is out of order");
      level.last = name;
      if (hasModeBit(mode, FILE_MODE.directory)) levels.push({ directory: path, last: "" });
      if (!isRegularMode(mode)) return;
      if (linkname === "") files.add(path);
      else if (!files.has(linkname)) throw unsafe(path, "is a hard link to a file that did not come before");
    },
  };
}

function isSafePath(path: string): boolean {
  return !path.includes("\0") && path.split("/").every((name) => name !== "" && name !== "." && name !== "..");
}

function unsafe(path: string, problem: string): ProtocolError {
  return new ProtocolError("FSUTIL_PATH_UNSAFE", `the engine sent "${path}", which ${problem}`);
}
