import type { Platform } from "../core/platform.ts";
import type { CallSite } from "./call-site.ts";
import type { SourceMap, VertexMetadata } from "./definition.ts";
import type {
  CacheSharing,
  CdiDevice,
  ContentCache,
  CopyChange,
  FileSecret,
  MkdirChange,
  MkfileChange,
  ProxyEnv,
  RmChange,
  SecretEnv,
  SymlinkChange,
} from "./op.ts";
import type { Directory, Settings } from "./settings.ts";
import type { StateValue } from "./state-value.ts";

/**
 * A node of the graph before it is marshalled: frozen, shared by every state that was made from it.
 * What only marshalling can know (default platform, base image configs) is not in it yet.
 */
export type Vertex =
  | SourceVertex
  | ExecVertex
  | FileVertex
  | BuildVertex
  | MergeVertex
  | DiffVertex
  | PassthroughVertex
  | RawVertex
  | DeferredVertex;

/** One result of a vertex. */
export interface Output {
  readonly vertex: Vertex;
  readonly index: number;
}

/** What every vertex can carry. */
export interface VertexConstraints {
  readonly platform?: Platform;
  /** Filters for workers. */
  readonly requires?: readonly string[];
  readonly metadata?: Omit<VertexMetadata, "caps">;
}

interface VertexBase {
  readonly constraints: VertexConstraints;
  readonly site: CallSite | undefined;
}

/** Files from elsewhere. */
export interface SourceVertex extends VertexBase {
  readonly kind: "source";
  readonly identifier: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly caps: readonly string[];
}

/** A process. */
export interface ExecVertex extends VertexBase {
  readonly kind: "exec";
  readonly args: readonly string[];
  readonly settings: Settings;
  readonly proxy: ProxyEnv | undefined;
  /** Sorted by destination; the root is among them. */
  readonly mounts: readonly VertexMount[];
  readonly secrets: readonly VertexSecret[];
  readonly sshSockets: readonly VertexSshSocket[];
  readonly secretEnv: readonly SecretEnv[];
  readonly cdiDevices: readonly CdiDevice[];
}

/** A mount that is neither secret nor ssh. */
export interface VertexMount {
  readonly type: "bind" | "cache" | "tmpfs";
  readonly dest: string;
  /** Undefined for scratch. */
  readonly source: Output | undefined;
  readonly selector: string | undefined;
  readonly readonly: boolean;
  /** Number of the output, -1 for none. */
  readonly output: number;
  readonly tmpfsSizeBytes: bigint | undefined;
  /** Without id, the destination and the platform of the process make one. */
  readonly cache: { readonly id: string | undefined; readonly sharing: CacheSharing } | undefined;
  readonly contentCache: ContentCache;
}

/** A secret as a file. */
export interface VertexSecret extends FileSecret {
  readonly dest: string;
}

/** An ssh agent's socket. */
export interface VertexSshSocket extends FileSecret {
  readonly dest: string;
}

/** Changes to files. */
export interface FileVertex extends VertexBase {
  readonly kind: "file";
  readonly base: Output | undefined;
  readonly directory: Directory;
  readonly actions: readonly FileActionNode[];
}

/** Who owns what a change makes, before names are bound to an input. */
export interface Owner {
  readonly user?: string | number;
  readonly group?: string | number;
}

type Unbound<T> = Omit<T, "owner"> & { readonly owner: Owner | undefined };

/** A change whose paths may still be relative. */
export type FileActionNode =
  | CopyNode
  | Unbound<MkfileChange>
  | Unbound<MkdirChange>
  | Unbound<SymlinkChange>
  | RmChange;

/** A copy with where it copies from. */
export type CopyNode = Unbound<CopyChange> & {
  readonly source: Output | undefined;
  /** Working directory of the source, for a relative path. */
  readonly sourceDirectory: Directory;
};

/** A definition in a file, solved in place. */
export interface BuildVertex extends VertexBase {
  readonly kind: "build";
  readonly source: Output;
  readonly filename: string | undefined;
}

/** Results laid over each other. */
export interface MergeVertex extends VertexBase {
  readonly kind: "merge";
  readonly inputs: readonly Output[];
}

/** What one result has more than another. */
export interface DiffVertex extends VertexBase {
  readonly kind: "diff";
  readonly lower: Output | undefined;
  readonly upper: Output | undefined;
}

/** Inputs handed on, once all are done. */
export interface PassthroughVertex extends VertexBase {
  readonly kind: "passthrough";
  readonly id: string;
  readonly inputs: readonly Output[];
  /** Which inputs are handed on, in order. */
  readonly outputs: readonly number[];
}

/** An op that was marshalled before. */
export interface RawVertex extends VertexBase {
  readonly kind: "raw";
  readonly bytes: Uint8Array;
  readonly inputs: readonly Output[];
  readonly caps: readonly string[];
  /** Where the definition that it comes from says it was made. */
  readonly source: SourceMap | undefined;
}

/** What something else makes; another graph takes its place before anything is sent to an engine. */
export interface DeferredVertex extends VertexBase {
  readonly kind: "deferred";
  readonly made: DeferredPackage | DeferredFrontend;
}

/** A package's image. */
export interface DeferredPackage {
  readonly kind: "package";
  /** What the author passed; llb does not look into it. */
  readonly package: object;
}

/** What a frontend makes. */
export interface DeferredFrontend {
  readonly kind: "frontend";
  /** `dockerfile.v0`, or the full reference of a frontend image. */
  readonly frontend: string;
  /** Frontend attributes, sorted by name. */
  readonly options: Readonly<Record<string, string>>;
  /** Sorted by name. */
  readonly inputs: Readonly<Record<string, StateValue>>;
  /** The directory that is served as build context; relative ones count from the package's. */
  readonly directory: DeferredDirectory | undefined;
}

/** A directory of the client as a frontend's build context. */
export interface DeferredDirectory {
  readonly path: string;
  readonly ignoreFiles: boolean;
}

/** A vertex whose image config a state can build on. */
export type BaseVertex = SourceVertex | DeferredVertex;
