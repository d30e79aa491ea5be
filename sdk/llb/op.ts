import type { Platform } from "../core/platform.ts";

/** A platform with the two members that only Windows images use. */
export interface OpPlatform extends Platform {
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

/** An output of another op. */
export interface OpInput {
  readonly digest: string;
  readonly index: number;
}

/**
 * One vertex as BuildKit sees it: the message `pb.Op`, with the names of this library.
 * Indexes point into `inputs`; -1 stands for scratch as an input and for "none" as an output.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/solver/pb/ops.proto
 */
export interface Op {
  readonly inputs: readonly OpInput[];
  readonly platform?: OpPlatform;
  /** Filters for workers. An empty list is written as an empty message; undefined is not written. */
  readonly constraints?: readonly string[];
  /** Undefined in the last op of a definition, which only points at the result. */
  readonly body?: OpBody;
}

/** What an op does. */
export type OpBody = ExecOp | SourceOp | FileOp | BuildOp | MergeOp | DiffOp | PassthroughOp;

/** How a process reaches the network. */
export type NetworkMode = "sandbox" | "host" | "none";
/** With which privileges a process runs. */
export type SecurityMode = "sandbox" | "insecure";
/** What lies behind a mount. */
export type MountType = "bind" | "secret" | "ssh" | "cache" | "tmpfs";
/** What happens when two processes want the same cache mount at once. */
export type CacheSharing = "shared" | "private" | "locked";
/** Whether a mount's input counts by its content or by how it was made. */
export type ContentCache = "default" | "on" | "off";

/** Runs a process. */
export interface ExecOp {
  readonly kind: "exec";
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user?: string;
  readonly proxy?: ProxyEnv;
  readonly extraHosts?: readonly ExtraHost[];
  readonly hostname?: string;
  readonly ulimits?: readonly Ulimit[];
  readonly cgroupParent?: string;
  readonly removeMountStubsRecursive?: boolean;
  readonly validExitCodes?: readonly number[];
  readonly mounts: readonly OpMount[];
  readonly network?: NetworkMode;
  readonly security?: SecurityMode;
  readonly secretEnv?: readonly SecretEnv[];
  readonly cdiDevices?: readonly CdiDevice[];
}

/** Proxies that a process is told about; they are no part of the cache key. */
export interface ProxyEnv {
  readonly http?: string;
  readonly https?: string;
  readonly ftp?: string;
  readonly no?: string;
  readonly all?: string;
}

/** A line of /etc/hosts. */
export interface ExtraHost {
  readonly host: string;
  readonly ip: string;
}

/** A resource limit as setrlimit has it, such as `nofile`. */
export interface Ulimit {
  readonly name: string;
  readonly soft: bigint;
  readonly hard: bigint;
}

/** A secret that a process gets as an environment variable. */
export interface SecretEnv {
  readonly id: string;
  readonly name: string;
  readonly optional?: boolean;
}

/** A device by its CDI name, such as `vendor.com/class=name`. */
export interface CdiDevice {
  readonly name: string;
  readonly optional?: boolean;
}

/** A mount of an exec. */
export interface OpMount {
  readonly input: number;
  readonly selector?: string;
  readonly dest: string;
  readonly output: number;
  readonly readonly?: boolean;
  readonly type: MountType;
  readonly tmpfsSizeBytes?: bigint;
  readonly cache?: { readonly id: string; readonly sharing: CacheSharing };
  readonly secret?: FileSecret;
  readonly ssh?: FileSecret;
  readonly contentCache?: ContentCache;
}

/** A secret or an ssh agent's socket as a file. */
export interface FileSecret {
  readonly id: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional?: boolean;
}

/** Brings files from elsewhere. */
export interface SourceOp {
  readonly kind: "source";
  readonly identifier: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Changes files without running anything. */
export interface FileOp {
  readonly kind: "file";
  readonly actions: readonly FileOpAction[];
}

/** One change of a {@link FileOp}; indexes beyond the op's inputs mean results of earlier actions. */
export interface FileOpAction {
  readonly input: number;
  readonly secondaryInput: number;
  readonly output: number;
  readonly action: FileChange;
}

/** What a {@link FileOpAction} does. */
export type FileChange = CopyChange | MkfileChange | MkdirChange | RmChange | SymlinkChange;

/** Copies files. `mode` -1 keeps the modes. `timestampNs` -1 keeps the times, else nanoseconds since the epoch. */
export interface CopyChange {
  readonly kind: "copy";
  readonly src: string;
  readonly dest: string;
  readonly owner?: OpOwner;
  readonly mode: number;
  readonly modeText?: string;
  readonly followSymlink?: boolean;
  readonly contentsOnly?: boolean;
  readonly unpack?: boolean;
  readonly createDestPath?: boolean;
  readonly allowWildcard?: boolean;
  readonly allowEmptyWildcard?: boolean;
  readonly timestampNs: bigint;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly requiredPaths?: readonly string[];
  readonly replaceExisting?: boolean;
}

/** Writes a file. */
export interface MkfileChange {
  readonly kind: "mkfile";
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly owner?: OpOwner;
  readonly timestampNs: bigint;
}

/** Makes a directory. */
export interface MkdirChange {
  readonly kind: "mkdir";
  readonly path: string;
  readonly mode: number;
  readonly makeParents?: boolean;
  readonly owner?: OpOwner;
  readonly timestampNs: bigint;
}

/** Removes a file or a directory. */
export interface RmChange {
  readonly kind: "rm";
  readonly path: string;
  readonly allowNotFound?: boolean;
  readonly allowWildcard?: boolean;
}

/** Makes a symbolic link at `newPath` that points to `oldPath`. */
export interface SymlinkChange {
  readonly kind: "symlink";
  readonly oldPath: string;
  readonly newPath: string;
  readonly owner?: OpOwner;
  readonly timestampNs: bigint;
}

/** Who owns what a file change makes. */
export interface OpOwner {
  readonly user?: OpUser;
  readonly group?: OpUser;
}

/** By number, or by a name that the passwd and group files of an input resolve. */
export type OpUser = { readonly id: number } | { readonly name: string; readonly input: number };

/** Reads a definition from a file of its input and solves that. */
export interface BuildOp {
  readonly kind: "build";
  readonly builder: number;
  readonly inputs: Readonly<Record<string, number>>;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Lays results over each other without copying. */
export interface MergeOp {
  readonly kind: "merge";
  readonly inputs: readonly number[];
}

/** What `upper` has more than `lower`. */
export interface DiffOp {
  readonly kind: "diff";
  readonly lower: number;
  readonly upper: number;
}

/** Hands inputs on unchanged, once all of them are done. */
export interface PassthroughOp {
  readonly kind: "passthrough";
  readonly id: string;
  readonly outputs: readonly number[];
}
