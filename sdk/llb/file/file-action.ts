import { checkInteger, checkMode, checkNonEmpty, checkPath, checkTexts } from "../argument.ts";
import { invalidOp } from "../invalid-op.ts";
import { type StatePath, type StateValue, sourceOf } from "../state-value.ts";
import type { CopyNode, FileActionNode, Owner } from "../vertex.ts";

/** A change to files, for {@link State.file}; made by `llb.copy`, `llb.mkdir` and their kin. */
export type FileAction = FileActionNode;

/** Who owns what is made: `user`, `user:group`, numbers, or both apart. */
export type OwnerValue = string | number | Owner;

/** Options that every change has which makes something. */
export interface CreateOptions {
  /** Default: root for what is made, the source's owner for what is copied. */
  readonly owner?: OwnerValue;
  /** The modification time. Default: that of the build, or of the source for what is copied. */
  readonly createdAt?: Date;
}

/** Options of `llb.mkdir`. */
export interface MkdirOptions extends CreateOptions {
  /** Permission bits. Default 0o755. */
  readonly mode?: number;
  /** Make what is missing above it, and accept that it exists. Default true, because a build starts from many bases. */
  readonly parents?: boolean;
}

/** Options of `llb.mkfile`. */
export interface MkfileOptions extends CreateOptions {
  /** Permission bits. Default 0o644. */
  readonly mode?: number;
}

/** Options of `llb.rm`. */
export interface RmOptions {
  /** Accept that there is nothing. Default false. */
  readonly allowNotFound?: boolean;
  /** Let `*`, `?` and `[…]` match. Default false. */
  readonly wildcard?: boolean;
}

/** Options of `llb.copy`. Defaults are those of COPY in a Dockerfile, but for wildcards. */
export interface CopyOptions extends CreateOptions {
  /** Permission bits, or changes such as `u+x,go-w`. Default: as in the source. */
  readonly mode?: number | string;
  /** Copy what a link points to, where the source itself is one. Default true. */
  readonly followSymlinks?: boolean;
  /** Copy what is in a directory, not the directory. Default true. */
  readonly contentsOnly?: boolean;
  /** Unpack tar archives, as ADD does. Default false. */
  readonly unpack?: boolean;
  /** Make what is missing above the destination. Default true. */
  readonly createDestPath?: boolean;
  /** Let `*`, `?` and `[…]` in the source match. Default false: a path in code means itself. */
  readonly wildcard?: boolean;
  /** Accept that a wildcard matches nothing. Default false. */
  readonly allowEmptyWildcard?: boolean;
  /** Only paths that match; patterns as in .dockerignore, relative to the source. */
  readonly include?: readonly string[];
  /** No paths that match. */
  readonly exclude?: readonly string[];
  /** Paths that must be among what is copied. */
  readonly requiredPaths?: readonly string[];
  /** Replace what is in the way, also a directory by a file. Default false. */
  readonly replaceExisting?: boolean;
}

const NANOSECONDS_PER_MS = 1_000_000n;
const UNSET = -1n;

/** Copies a file or a directory of another state. */
export function copy(source: StateValue | StatePath, dest: string, options: CopyOptions = {}): FileAction {
  const { state, path } = sourceOf(source);
  const node: CopyNode = {
    kind: "copy",
    source: state.output,
    sourceDirectory: state.settings.directory,
    src: path,
    dest: checkPath(dest, "the destination", "copy"),
    owner: checkOwner(options.owner, "copy"),
    ...copyMode(options.mode),
    followSymlink: options.followSymlinks ?? true,
    contentsOnly: options.contentsOnly ?? true,
    unpack: options.unpack === true,
    createDestPath: options.createDestPath ?? true,
    allowWildcard: options.wildcard === true,
    allowEmptyWildcard: options.allowEmptyWildcard === true,
    timestampNs: timestamp(options.createdAt, "copy"),
    include: checkTexts(options.include ?? [], "a pattern", "copy"),
    exclude: checkTexts(options.exclude ?? [], "a pattern", "copy"),
    requiredPaths: checkTexts(options.requiredPaths ?? [], "a required path", "copy"),
    replaceExisting: options.replaceExisting === true,
  };
  return Object.freeze(node);
}

/** Makes a directory. */
export function mkdir(path: string, options: MkdirOptions = {}): FileAction {
  return Object.freeze({
    kind: "mkdir",
    path: checkPath(path, "the path", "mkdir"),
    mode: checkMode(options.mode ?? 0o755, "the mode", "mkdir"),
    makeParents: options.parents ?? true,
    owner: checkOwner(options.owner, "mkdir"),
    timestampNs: timestamp(options.createdAt, "mkdir"),
  });
}

/** Writes a file; text is written as UTF-8. The directory must be there. */
export function mkfile(path: string, content: string | Uint8Array, options: MkfileOptions = {}): FileAction {
  return Object.freeze({
    kind: "mkfile",
    path: checkPath(path, "the path", "mkfile"),
    data: typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content),
    mode: checkMode(options.mode ?? 0o644, "the mode", "mkfile"),
    owner: checkOwner(options.owner, "mkfile"),
    timestampNs: timestamp(options.createdAt, "mkfile"),
  });
}

/** Removes a file or a directory with all that is in it. */
export function rm(path: string, options: RmOptions = {}): FileAction {
  return Object.freeze({
    kind: "rm",
    path: checkPath(path, "the path", "rm"),
    allowNotFound: options.allowNotFound === true,
    allowWildcard: options.wildcard === true,
  });
}

/** Makes a symbolic link at `newPath` that points to `target`. */
export function symlink(target: string, newPath: string, options: CreateOptions = {}): FileAction {
  return Object.freeze({
    kind: "symlink",
    oldPath: checkNonEmpty(target, "the target", "symlink"),
    newPath: checkPath(newPath, "the path", "symlink"),
    owner: checkOwner(options.owner, "symlink"),
    timestampNs: timestamp(options.createdAt, "symlink"),
  });
}

function copyMode(mode: number | string | undefined): { readonly mode: number; readonly modeText?: string } {
  if (mode === undefined) return { mode: -1 };
  return typeof mode === "number"
    ? { mode: checkMode(mode, "the mode", "copy") }
    : { mode: 0, modeText: checkNonEmpty(mode, "the mode", "copy") };
}

function timestamp(time: Date | undefined, op: string): bigint {
  if (time === undefined) return UNSET;
  const epochMs = checkInteger(time.getTime(), [-9_000_000_000_000, 9_000_000_000_000], "the time", op);
  return BigInt(epochMs) * NANOSECONDS_PER_MS;
}

function checkOwner(owner: OwnerValue | undefined, op: string): Owner | undefined {
  if (owner === undefined) return undefined;
  const { user, group } = typeof owner === "object" ? owner : splitOwner(owner);
  if (user === undefined && group === undefined) {
    throw invalidOp("an owner without user and group", { op, hint: 'Write "user", "user:group" or numbers.' });
  }
  return Object.freeze({
    ...(user === undefined ? {} : { user: checkUser(user, op) }),
    ...(group === undefined ? {} : { group: checkUser(group, op) }),
  });
}

function splitOwner(owner: string | number): Owner {
  const [user = "", ...rest] = String(owner).split(":");
  const group = rest.join(":");
  return { ...(user === "" ? {} : { user }), ...(group === "" ? {} : { group }) };
}

function checkUser(user: string | number, op: string): string | number {
  const name = checkNonEmpty(String(user), "the owner", op);
  if (name === "root") return 0;
  return /^[0-9]+$/.test(name) ? checkInteger(Number(name), [0, 0xffffffff], "the owner", op) : name;
}
