/** What BuildKit knows about a file: the `Stat` of a directory transfer, of exports and of the gateway's file calls. */
export interface FileStat {
  /** Relative to the root, `/` between the parts, clean. */
  readonly path: string;
  /** Type and permissions as Go's `os.FileMode` has them, not as POSIX does. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Regular files: bytes; symlinks: length of the target; else 0, also for every hard link after the first. */
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** The target of a symlink; for a hard link the path of an earlier entry; else empty. */
  readonly linkname: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/**
 * The bits of Go's `os.FileMode` that a file system entry can have; permissions are the lowest nine.
 *
 * @source https://pkg.go.dev/io/fs@go1.26.0#FileMode
 */
export const FILE_MODE = {
  directory: 0x8000_0000,
  symlink: 0x0800_0000,
  device: 0x0400_0000,
  fifo: 0x0200_0000,
  socket: 0x0100_0000,
  setuid: 0x0080_0000,
  setgid: 0x0040_0000,
  characterDevice: 0x0020_0000,
  sticky: 0x0010_0000,
  irregular: 0x0008_0000,
  permissions: 0o777,
} as const;

const TYPE_BITS =
  FILE_MODE.directory +
  FILE_MODE.symlink +
  FILE_MODE.device +
  FILE_MODE.fifo +
  FILE_MODE.socket +
  FILE_MODE.characterDevice +
  FILE_MODE.irregular;

/** True if the mode has a bit of {@link FILE_MODE}. */
export function hasModeBit(mode: number, bit: number): boolean {
  return (mode & bit) !== 0;
}

/** True for regular files: no type bit is set. */
export function isRegularMode(mode: number): boolean {
  return (mode & TYPE_BITS) === 0;
}

const POSIX_TYPES: ReadonlyMap<number, number> = new Map([
  [0o040000, FILE_MODE.directory],
  [0o120000, FILE_MODE.symlink],
  [0o060000, FILE_MODE.device],
  [0o020000, FILE_MODE.device + FILE_MODE.characterDevice],
  [0o010000, FILE_MODE.fifo],
  [0o140000, FILE_MODE.socket],
  [0o100000, 0],
]);

/** Go's mode for a POSIX `st_mode`. */
export function modeFromPosix(posixMode: number): number {
  const type = POSIX_TYPES.get(posixMode & 0o170000) ?? FILE_MODE.irregular;
  const special =
    (posixMode & 0o4000 ? FILE_MODE.setuid : 0) +
    (posixMode & 0o2000 ? FILE_MODE.setgid : 0) +
    (posixMode & 0o1000 ? FILE_MODE.sticky : 0);
  return type + special + (posixMode & FILE_MODE.permissions);
}

/** The permissions, set-id and sticky bits of a mode, as `chmod` takes them. */
export function posixPermissions(mode: number): number {
  return (
    (mode & FILE_MODE.permissions) |
    (hasModeBit(mode, FILE_MODE.setuid) ? 0o4000 : 0) |
    (hasModeBit(mode, FILE_MODE.setgid) ? 0o2000 : 0) |
    (hasModeBit(mode, FILE_MODE.sticky) ? 0o1000 : 0)
  );
}
