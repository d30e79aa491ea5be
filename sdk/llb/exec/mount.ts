import {
  checkAbsolutePath,
  checkInt64,
  checkInteger,
  checkMode,
  checkNonEmpty,
  checkPath,
  checkText,
} from "../argument.ts";
import { invalidOp } from "../invalid-op.ts";
import type { CacheSharing, ContentCache } from "../op.ts";
import { type StatePath, type StateValue, sourceOf } from "../state-value.ts";
import type { VertexMount, VertexSecret } from "../vertex.ts";

/** A mount for {@link State.run}; made by `llb.bindMount` and its kin. */
export type Mount = FileMount | SecretMount | SshMount;

/** A mount with files of a state, of a cache or of nothing. */
export interface FileMount {
  readonly kind: "file";
  readonly mount: Omit<VertexMount, "output">;
  /** Whether the process can change what the mount's output then holds. */
  readonly writable: boolean;
  /** The state that lies there; undefined for scratch without settings. */
  readonly source: StateValue | undefined;
}
/** A secret as a file. */
export interface SecretMount {
  readonly kind: "secret";
  readonly secret: VertexSecret;
}
/** A socket of an ssh agent. */
export interface SshMount {
  readonly kind: "ssh";
  /** Without destination, `/run/buildkit/ssh_agent.<n>`. */
  readonly socket: Omit<VertexSecret, "dest"> & { readonly dest: string | undefined };
}

/** Options of `llb.bindMount`. */
export interface BindMountOptions {
  /** The process cannot write there. Default false. */
  readonly readonly?: boolean;
  /** The process can write there, but what it wrote is thrown away. Default false. */
  readonly discard?: boolean;
  /** Whether the input counts by its content for the cache. Default: where BuildKit allows it, but not for the root. */
  readonly contentCache?: ContentCache;
}

/** Options of `llb.cacheMount`. */
export interface CacheMountOptions {
  /**
   * Mounts with one id share one directory on the engine. Default: the destination and the platform of the process,
   * because caches of compilers and package managers mostly do not fit another architecture.
   */
  readonly id?: string;
  /** What happens when two processes want it at once. Default `shared`. */
  readonly sharing?: CacheSharing;
  /** What an empty cache starts with. Default nothing. */
  readonly source?: StateValue | StatePath;
  readonly readonly?: boolean;
}

/** Options of `llb.tmpfsMount`. */
export interface TmpfsMountOptions {
  /** Default unlimited. */
  readonly sizeBytes?: number | bigint;
}

/** Options of `llb.secretMount` and `llb.sshMount`. */
export interface FileSecretOptions {
  /** The name that the build gives it. Default for a secret: the last part of the destination; for ssh: `default`. */
  readonly id?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Default 0o400 for a secret, 0o600 for a socket. */
  readonly mode?: number;
  /** Go on without it where the build has none. Default false. */
  readonly optional?: boolean;
}

const ROOT_IS_TAKEN = "Mount below the root; the state that runs the process is the root.";

/** Mounts a state, or a path in one, at `dest`. What the process writes there is `run(…).mount(dest)`. */
export function bindMount(dest: string, source: StateValue | StatePath, options: BindMountOptions = {}): Mount {
  const { state, path } = sourceOf(source);
  return fileMount(checkDest(dest), state, path, {
    type: "bind",
    readonly: options.readonly === true,
    discard: options.discard === true,
    contentCache: options.contentCache ?? "default",
  });
}

/** Mounts a directory that stays on the engine from build to build. */
export function cacheMount(dest: string, options: CacheMountOptions = {}): Mount {
  const source = options.source === undefined ? undefined : sourceOf(options.source);
  const id = options.id === undefined ? undefined : checkNonEmpty(options.id, "the id of a cache", "exec");
  return fileMount(checkDest(dest), source?.state, source?.path ?? "/", {
    type: "cache",
    readonly: options.readonly === true,
    discard: true,
    cache: Object.freeze({ id, sharing: options.sharing ?? "shared" }),
    contentCache: "default",
  });
}

/** Mounts an empty directory in memory. */
export function tmpfsMount(dest: string, options: TmpfsMountOptions = {}): Mount {
  const size = checkInt64(options.sizeBytes ?? 0, "the size of a tmpfs", "exec");
  return fileMount(checkDest(dest), undefined, "/", {
    type: "tmpfs",
    readonly: false,
    discard: true,
    tmpfsSizeBytes: size,
    contentCache: "default",
  });
}

/** Mounts a secret as a file. It is not part of the cache key, and no layer ever holds it. */
export function secretMount(dest: string, options: FileSecretOptions = {}): Mount {
  checkDest(dest);
  const id = checkNonEmpty(options.id ?? dest.slice(dest.lastIndexOf("/") + 1), "the id of a secret", "exec");
  const secret = Object.freeze({ ...checkFileSecret(id, 0o400, options), dest });
  return Object.freeze({ kind: "secret", secret });
}

/** Mounts the socket of an ssh agent and sets SSH_AUTH_SOCK to the first one. */
export function sshMount(options: FileSecretOptions & { readonly dest?: string } = {}): Mount {
  const dest = options.dest === undefined ? undefined : checkDest(options.dest);
  const socket = Object.freeze({
    ...checkFileSecret(checkText(options.id ?? "", "the id of an ssh agent", "exec"), 0o600, options),
    dest,
  });
  return Object.freeze({ kind: "ssh", socket });
}

function fileMount(
  dest: string,
  state: StateValue | undefined,
  path: string,
  mount: Pick<VertexMount, "type" | "readonly" | "contentCache"> &
    Partial<Pick<VertexMount, "cache" | "tmpfsSizeBytes">> & { readonly discard: boolean },
): Mount {
  const { discard, ...rest } = mount;
  const selector = path === "/" ? undefined : checkPath(path, "the path in a mount's source", "exec");
  return Object.freeze({
    kind: "file",
    writable: !rest.readonly && !discard,
    source: state,
    mount: Object.freeze({
      cache: undefined,
      tmpfsSizeBytes: undefined,
      ...rest,
      dest,
      selector,
      source: state?.output,
    }),
  });
}

function checkFileSecret(id: string, mode: number, options: FileSecretOptions): Omit<VertexSecret, "dest"> {
  const uid = checkInteger(options.uid ?? 0, [0, 0xffffffff], "the uid", "exec");
  const gid = checkInteger(options.gid ?? 0, [0, 0xffffffff], "the gid", "exec");
  return {
    id,
    uid,
    gid,
    mode: checkMode(options.mode ?? mode, "the mode", "exec"),
    optional: options.optional === true,
  };
}

function checkDest(dest: string): string {
  if (
    checkAbsolutePath(dest, "the destination of a mount", "exec")
      .split("/")
      .every((part) => part === "" || part === ".")
  ) {
    throw invalidOp("a mount at the root", { op: "exec", hint: ROOT_IS_TAKEN });
  }
  return dest;
}
