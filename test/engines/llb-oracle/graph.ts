import {
  type BindMountOptions,
  type CacheSharing,
  type ContentCache,
  type CopyOptions,
  type FileAction,
  type GitOptions,
  type HttpOptions,
  type LocalOptions,
  llb,
  type Mount,
  type NetworkMode,
  type RunOptions,
  RunState,
  type SecurityMode,
  type State,
  type VertexOptions,
} from "../../../sdk/llb/index.ts";

/** A graph as data: each node makes a state from earlier ones, the last one is the result. graph.go builds the same. */
export interface GraphDescription {
  readonly platform: string;
  readonly requires: readonly string[];
  readonly nodes: readonly GraphNode[];
}

export type Constraints = Pick<
  VertexOptions,
  "name" | "description" | "ignoreCache" | "exportCache" | "progressGroup" | "requires"
> & { readonly platform?: string };

export type GraphNode = { readonly constraints?: Constraints } & (
  | { readonly op: "source"; readonly source: SourceDescription }
  | { readonly op: "run"; readonly base: number; readonly run: RunDescription }
  | { readonly op: "mount"; readonly base: number; readonly name: string }
  | { readonly op: "file"; readonly base: number; readonly actions: readonly ActionDescription[] }
  | { readonly op: "merge"; readonly inputs: readonly number[] }
  | { readonly op: "diff"; readonly base: number; readonly other: number }
  | { readonly op: "build"; readonly base: number; readonly name?: string }
  | {
      readonly op: "passthrough";
      readonly id: string;
      readonly inputs: readonly number[];
      readonly outputs: readonly boolean[];
      readonly index: number;
    }
  | { readonly op: "env"; readonly base: number; readonly name: string; readonly value: string }
  | {
      readonly op: "dir" | "user" | "hostname" | "cgroupParent" | "platform";
      readonly base: number;
      readonly value: string;
    }
  | { readonly op: "network"; readonly base: number; readonly value: NetworkMode }
  | { readonly op: "security"; readonly base: number; readonly value: SecurityMode }
  | {
      readonly op: "ulimit";
      readonly base: number;
      readonly name: string;
      readonly soft: string;
      readonly hard: string;
    }
);

export interface SourceDescription {
  readonly kind: "scratch" | "image" | "local" | "git" | "http" | "ociLayout" | "imageBlob" | "ociLayoutBlob";
  readonly ref?: string;
  readonly fragment?: string;
  readonly texts?: Readonly<Record<string, string>>;
  readonly flags?: Readonly<Record<string, boolean>>;
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  readonly limit?: number;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunDescription {
  readonly args: readonly string[];
  readonly env?: readonly (readonly [string, string])[];
  readonly cwd?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly network?: NetworkMode;
  readonly security?: SecurityMode;
  readonly cgroupParent?: string;
  readonly readonlyRoot?: boolean;
  readonly validExitCodes?: readonly number[];
  readonly extraHosts?: readonly (readonly [string, string])[];
  readonly ulimits?: readonly { readonly name: string; readonly soft: string; readonly hard: string }[];
  readonly proxy?: NonNullable<RunOptions["proxy"]>;
  readonly secretEnv?: readonly { readonly name: string; readonly id: string; readonly optional: boolean }[];
  readonly devices?: NonNullable<RunOptions["devices"]>;
  readonly resources?: Readonly<Record<string, string>>;
  readonly mounts: readonly MountDescription[];
}

export interface MountDescription {
  readonly kind: "bind" | "cache" | "tmpfs" | "secret" | "ssh";
  readonly dest: string;
  readonly state?: number;
  readonly path?: string;
  readonly readonly?: boolean;
  readonly discard?: boolean;
  readonly contentCache?: ContentCache;
  readonly id?: string;
  readonly sharing?: CacheSharing;
  readonly size?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  readonly optional?: boolean;
}

export type ActionDescription = {
  readonly path: string;
  readonly owner?: string;
  readonly createdAtMs?: number;
  readonly mode?: number;
} & (
  | { readonly kind: "mkdir"; readonly mode: number; readonly parents: boolean }
  | { readonly kind: "mkfile"; readonly mode: number; readonly data: string }
  | { readonly kind: "symlink"; readonly target: string }
  | { readonly kind: "rm"; readonly allowNotFound: boolean; readonly wildcard: boolean }
  | ({ readonly kind: "copy"; readonly state: number; readonly src: string; readonly modeText?: string } & Required<
      Pick<CopyOptions, "followSymlinks" | "contentsOnly" | "createDestPath">
    > &
      Pick<
        CopyOptions,
        "unpack" | "wildcard" | "allowEmptyWildcard" | "replaceExisting" | "include" | "exclude" | "requiredPaths"
      >)
);

/** The state that the last node of a description makes. */
export function buildGraph(graph: GraphDescription): State {
  const states: State[] = [];
  for (const node of graph.nodes) states.push(buildNode(node, (index) => stateAt(states, index)));
  return stateAt(states, graph.nodes.length - 1);
}

/** Finds the state of an earlier node. */
export type Lookup = (index: number) => State;

/** An element that must be there. */
export function stateAt(states: readonly State[], index: number): State {
  const state = states[index];
  if (state === undefined) throw new TypeError(`no node ${index}`);
  return state;
}

/** The state of one node. */
export function buildNode(node: GraphNode, at: Lookup): State {
  const constraints = node.constraints ?? {};
  switch (node.op) {
    case "source":
      return buildSource(node.source, constraints);
    case "run":
      return at(node.base).run(node.run.args, { ...runOptions(node.run, at), ...constraints });
    case "mount":
      return mountOf(at(node.base), node.name);
    case "file":
      return at(node.base).file(
        node.actions.map((action) => fileAction(action, at)),
        constraints,
      );
    case "merge":
      return llb.merge(node.inputs.map(at), constraints);
    case "diff":
      return llb.diff(at(node.base), at(node.other), constraints);
    case "build":
      return llb.solveFile(at(node.base), {
        ...constraints,
        ...(node.name === undefined ? {} : { filename: node.name }),
      });
    case "passthrough": {
      const inputs = node.inputs.map((input, index) => ({ state: at(input), output: node.outputs[index] === true }));
      return stateAt(llb.passthrough(node.id, inputs, constraints), node.index);
    }
    default:
      return buildSetting(node, at(node.base));
  }
}

function mountOf(state: State, dest: string): State {
  if (!(state instanceof RunState)) throw new TypeError("only a run has mounts");
  return state.mount(dest);
}

function buildSetting(
  node: Extract<
    GraphNode,
    { op: "env" | "dir" | "user" | "hostname" | "cgroupParent" | "platform" | "network" | "security" | "ulimit" }
  >,
  base: State,
): State {
  switch (node.op) {
    case "env":
      return base.env(node.name, node.value);
    case "dir":
      return base.workdir(node.value);
    case "ulimit":
      return base.ulimits({ [node.name]: { soft: BigInt(node.soft), hard: BigInt(node.hard) } });
    case "network":
      return base.network(node.value);
    case "security":
      return base.security(node.value);
    default:
      return base[node.op](node.value);
  }
}

function buildSource(source: SourceDescription, constraints: Constraints): State {
  const { kind, ref = "", texts = {}, flags = {}, limit } = source;
  const file = {
    ...constraints,
    ...pick(texts, "filename", "storeId", "sessionId"),
    ...pick(source, "mode", "uid", "gid"),
  };
  switch (kind) {
    case "scratch":
      return llb.scratch();
    case "image":
      return llb.image(ref, {
        ...constraints,
        ...pick(texts, "checksum"),
        ...(texts.resolveMode === "pull" || texts.resolveMode === "local" ? { resolveMode: texts.resolveMode } : {}),
        ...(flags.internal === true ? { recordType: "internal" } : {}),
        ...(limit === undefined ? {} : { layerLimit: limit }),
      });
    case "local":
      return llb.local(ref, { ...constraints, ...localOptions(source) });
    case "git":
      return llb.git(`${ref}${source.fragment === undefined ? "" : `#${source.fragment}`}`, {
        ...constraints,
        ...gitOptions(source),
      });
    case "http":
      return llb.http(ref, { ...file, ...httpOptions(texts) });
    case "ociLayout":
      return llb.ociLayout(ref, {
        ...constraints,
        ...pick(texts, "storeId", "sessionId"),
        ...(limit === undefined ? {} : { layerLimit: limit }),
      });
    case "imageBlob":
      return llb.imageBlob(ref, file);
    case "ociLayoutBlob":
      return llb.ociLayoutBlob(ref, file);
  }
}

function localOptions({ texts = {}, flags = {}, lists = {} }: SourceDescription): LocalOptions {
  const { differ } = texts;
  return {
    ...pick(texts, "sessionId", "sharedKeyHint"),
    ...pick(lists, "include", "exclude", "followPaths"),
    ...(differ === "none" || differ === "metadata"
      ? { differ: { type: differ, required: flags.differRequired === true } }
      : {}),
    ...(flags.metadataOnly === true ? { metadataOnly: pick(lists, "exceptions") } : {}),
  };
}

function gitOptions({ texts = {}, flags = {} }: SourceDescription): GitOptions {
  const { bundle, mtime } = texts;
  return {
    knownSshHosts: "host key",
    ...pick(texts, "checksum", "authTokenSecret", "authHeaderSecret", "sshId"),
    ...(mtime === "checkout" || mtime === "commit" ? { mtime } : {}),
    ...pick(flags, "keepGitDir", "skipSubmodules", "fetchByCommit", "advice", "checkoutBundle"),
    ...(bundle === undefined ? {} : { bundle: { locator: bundle, ...pick(texts, "sessionId", "storeId") } }),
  };
}

function httpOptions(texts: Readonly<Record<string, string>>): HttpOptions {
  const { publicKey, signature } = texts;
  return {
    ...pick(texts, "checksum", "authHeaderSecret", "accept", "userAgent"),
    ...(publicKey === undefined || signature === undefined ? {} : { signature: { publicKey, signature } }),
  };
}

function runOptions(run: RunDescription, at: Lookup): RunOptions {
  return {
    ...pick(
      run,
      "cwd",
      "user",
      "hostname",
      "network",
      "security",
      "cgroupParent",
      "readonlyRoot",
      "validExitCodes",
      "proxy",
      "devices",
    ),
    ...(run.env === undefined ? {} : { env: Object.fromEntries(run.env) }),
    ...(run.extraHosts === undefined ? {} : { extraHosts: Object.fromEntries(run.extraHosts) }),
    ...(run.ulimits === undefined
      ? {}
      : {
          ulimits: Object.fromEntries(
            run.ulimits.map(({ name, soft, hard }) => [name, { soft: BigInt(soft), hard: BigInt(hard) }]),
          ),
        }),
    ...(run.secretEnv === undefined
      ? {}
      : { secretEnv: Object.fromEntries(run.secretEnv.map(({ name, id, optional }) => [name, { id, optional }])) }),
    ...(run.resources === undefined ? {} : { resources: resources(run.resources) }),
    mounts: run.mounts.map((mount) => buildMount(mount, at)),
  };
}

function resources(values: Readonly<Record<string, string>>): NonNullable<RunOptions["resources"]> {
  const names = {
    memory: "memoryBytes",
    memorySwap: "memorySwapBytes",
    cpuShares: "cpuShares",
    cpuPeriod: "cpuPeriodUs",
    cpuQuota: "cpuQuotaUs",
  };
  const numbers = Object.entries(names).flatMap(([name, ours]) => {
    const value = values[name];
    return value === undefined ? [] : [[ours, BigInt(value)] as const];
  });
  return { ...Object.fromEntries(numbers), ...pick(values, "cpusetCpus", "cpusetMems") };
}

function buildMount(mount: MountDescription, at: Lookup): Mount {
  const { kind, dest, path } = mount;
  const secret = pick(mount, "id", "uid", "gid", "mode", "optional");
  const state = mount.state === undefined ? llb.scratch() : at(mount.state);
  const source = path === undefined ? state : state.path(path);
  const bind: BindMountOptions = pick(mount, "readonly", "discard", "contentCache");
  switch (kind) {
    case "bind":
      return llb.bindMount(dest, source, bind);
    case "cache":
      return llb.cacheMount(dest, { ...pick(mount, "id", "sharing", "readonly"), source });
    case "tmpfs":
      return llb.tmpfsMount(dest, { sizeBytes: BigInt(mount.size ?? "0") });
    case "secret":
      return llb.secretMount(dest, secret);
    case "ssh":
      return llb.sshMount({ ...secret, ...(dest === "" ? {} : { dest }) });
  }
}

function fileAction(action: ActionDescription, at: Lookup): FileAction {
  const created = {
    ...pick(action, "owner"),
    ...(action.createdAtMs === undefined ? {} : { createdAt: new Date(action.createdAtMs) }),
  };
  switch (action.kind) {
    case "mkdir":
      return llb.mkdir(action.path, { ...created, mode: action.mode, parents: action.parents });
    case "mkfile":
      return llb.mkfile(action.path, action.data, { ...created, mode: action.mode });
    case "symlink":
      return llb.symlink(action.target, action.path, created);
    case "rm":
      return llb.rm(action.path, { allowNotFound: action.allowNotFound, wildcard: action.wildcard });
    case "copy": {
      const { kind: _kind, state, src, path, mode, modeText, owner: _owner, createdAtMs: _at, ...options } = action;
      const anyMode = modeText ?? mode;
      return llb.copy(at(state).path(src), path, {
        ...options,
        ...created,
        ...(anyMode === undefined ? {} : { mode: anyMode }),
      });
    }
  }
}

/** The named members that are there. */
function pick<T extends object, K extends keyof T>(value: T, ...names: readonly K[]): Partial<Pick<T, K>> {
  const picked: Partial<Pick<T, K>> = {};
  for (const name of names) if (value[name] !== undefined) picked[name] = value[name];
  return picked;
}
