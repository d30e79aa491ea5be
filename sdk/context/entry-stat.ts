import type { BigIntStats } from "node:fs";
import { FILE_MODE, type FileStat, modeFromPosix } from "../core/file-stat.ts";

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
  const isDevice = stats.isBlockDevice() || stats.isCharacterDevice();
  const hasSize = stats.isSymbolicLink() || (stats.isFile() && linkname === "");
  return {
    path,
    mode: modeFromPosix(Number(stats.mode)),
    uid: 0,
    gid: 0,
    sizeBytes: hasSize ? Number(stats.size) : 0,
    mtimeNs: stats.mtimeNs,
    linkname,
    deviceMajor: isDevice ? Number((stats.rdev >> 8n) & 0xfffn) : 0,
    deviceMinor: isDevice ? Number((stats.rdev & 0xffn) | ((stats.rdev >> 12n) & 0xfff00n)) : 0,
  };
}
