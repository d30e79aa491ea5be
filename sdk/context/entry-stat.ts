import { type BigIntStats, constants } from "node:fs";
import { FILE_MODE, type FileStat, modeFromPosix } from "../core/file-stat.ts";

const {
  S_IFMT: TYPE,
  S_IFBLK: BLOCK_DEVICE,
  S_IFCHR: CHARACTER_DEVICE,
  S_IFLNK: SYMLINK,
  S_IFREG: REGULAR,
} = constants;

/** The stat of a directory that only a prefix makes. Its time is fixed: equal roots give equal transfers. */
export function impliedDirectoryStat(path: string): FileStat {
  return {
    path,
    mode: FILE_MODE.directory + 0o755,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtimeNs: 0n,
    linkname: "",
    deviceMajor: 0,
    deviceMinor: 0,
  };
}

/**
 * The stat that the daemon gets for a file. The owner is always root: who checked the sources out must not change what is
 * built. `linkname` is a symlink's target, or an earlier path of the same file.
 */
export function entryStat(path: string, stats: BigIntStats, linkname: string): FileStat {
  const posixMode = Number(stats.mode);
  const type = posixMode & TYPE;
  const isDevice = type === BLOCK_DEVICE || type === CHARACTER_DEVICE;
  const hasSize = type === SYMLINK || (type === REGULAR && linkname === "");
  return {
    path,
    mode: modeFromPosix(posixMode),
    uid: 0,
    gid: 0,
    sizeBytes: hasSize ? Number(stats.size) : 0,
    mtimeNs: stats.mtimeNs,
    linkname,
    deviceMajor: isDevice ? Number((stats.rdev >> 8n) & 0xfffn) : 0,
    deviceMinor: isDevice ? Number((stats.rdev & 0xffn) | ((stats.rdev >> 12n) & 0xfff00n)) : 0,
  };
}
