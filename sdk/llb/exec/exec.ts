import { deepFreeze } from "../../core/freeze.ts";
import { checkInt64, checkInteger, checkNonEmpty, checkText, checkTexts } from "../argument.ts";
import type { CallSite } from "../call-site.ts";
import { compareUtf8 } from "../encoding/proto-writer.ts";
import { invalidOp } from "../invalid-op.ts";
import type { CdiDevice, NetworkMode, ProxyEnv, SecretEnv, SecurityMode } from "../op.ts";
import { cleanPath } from "../path.ts";
import { type Settings, withDirectory, withEnv, withSettings } from "../settings.ts";
import type { StateValue } from "../state-value.ts";
import type { ExecVertex, VertexConstraints, VertexMount, VertexSshSocket } from "../vertex.ts";
import { type VertexOptions, vertexConstraints } from "../vertex-options.ts";
import type { Mount } from "./mount.ts";
import { checkEnv, checkExtraHosts, checkUlimits, type UlimitValue } from "./process-argument.ts";

/** Options of {@link State.run}. Those that a state has as well hold for this process only. */
export interface RunOptions extends VertexOptions {
  /** Variables on top of the state's. */
  readonly env?: Readonly<Record<string, string>>;
  /** Variables that come from secrets: name of the variable → id of the secret. */
  readonly secretEnv?: Readonly<Record<string, string | { readonly id: string; readonly optional?: boolean }>>;
  /** Working directory; a relative one starts at the state's. */
  readonly cwd?: string;
  /** `name`, `uid`, `name:group` or `uid:gid`. */
  readonly user?: string;
  readonly hostname?: string;
  /** Default `sandbox`: a network of its own. `host` needs the entitlement network.host. */
  readonly network?: NetworkMode;
  /** Default `sandbox`. `insecure` needs the entitlement security.insecure. */
  readonly security?: SecurityMode;
  readonly mounts?: readonly Mount[];
  /** The process cannot write to its root: only mounts have results then. Default false. */
  readonly readonlyRoot?: boolean;
  /** Lines for /etc/hosts: name → address. */
  readonly extraHosts?: Readonly<Record<string, string>>;
  /** Limits such as `nofile`: one number, or soft and hard. */
  readonly ulimits?: Readonly<Record<string, UlimitValue>>;
  readonly cgroupParent?: string;
  /** Exit codes that count as success. Default only 0. */
  readonly validExitCodes?: readonly number[];
  /** Proxies for the process; they are no part of the cache key. */
  readonly proxy?: ProxyEnv;
  /** Devices by CDI name, such as `vendor.com/class=name`. */
  readonly devices?: readonly CdiDevice[];
  /** Limits of the process's control group; no part of the cache key. */
  readonly resources?: LinuxResources;
  /** What runs a command that is given as one text. Default `["/bin/sh", "-c"]`. */
  readonly shell?: readonly string[];
}

/** Limits of a control group. */
export interface LinuxResources {
  readonly memoryBytes?: number | bigint;
  readonly memorySwapBytes?: number | bigint;
  readonly cpuShares?: number | bigint;
  readonly cpuPeriodUs?: number | bigint;
  readonly cpuQuotaUs?: number | bigint;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
}

const SHELL: readonly string[] = Object.freeze(["/bin/sh", "-c"]);
const NONE: readonly never[] = Object.freeze([]);
const DEFAULT_OPTIONS: RunOptions = Object.freeze({});

/** A process as vertex, and the number of its root's output (-1 if it cannot write to its root). */
export function execVertex(
  base: StateValue,
  command: string | readonly string[],
  options: RunOptions = DEFAULT_OPTIONS,
  site?: CallSite,
): { readonly vertex: ExecVertex; readonly rootOutput: number } {
  const mounts = options.mounts ?? NONE;
  const sorted = sortMounts(base, options.readonlyRoot === true, mounts);
  const vertex: ExecVertex = Object.freeze({
    kind: "exec",
    args: commandLine(command, options.shell ?? SHELL),
    settings: runSettings(base.settings, options),
    proxy: options.proxy === undefined ? undefined : Object.freeze({ ...options.proxy }),
    mounts: sorted,
    secrets: mounts.length === 0 ? NONE : secretFiles(mounts),
    sshSockets: mounts.length === 0 ? NONE : sshSockets(mounts),
    secretEnv: options.secretEnv === undefined ? NONE : secretEnv(options.secretEnv),
    cdiDevices: options.devices === undefined ? NONE : deepFreeze(options.devices.map(checkDevice)),
    constraints: execConstraints(options),
    site,
  });
  return { vertex, rootOutput: options.readonlyRoot === true ? -1 : 0 };
}

function commandLine(command: string | readonly string[], shell: readonly string[]): readonly string[] {
  const args = typeof command === "string" ? [...shell, checkNonEmpty(command, "the command", "exec")] : command;
  if (args.length === 0 || args[0] === "") {
    throw invalidOp("the command is empty", {
      op: "exec",
      hint: "Pass a text for the shell, or a list with a program.",
    });
  }
  return checkTexts(args, "an argument", "exec");
}

function runSettings(settings: Settings, options: RunOptions): Settings {
  if (options === DEFAULT_OPTIONS) return settings;
  let next = settings;
  if (options.env !== undefined) next = withEnv(next, checkEnv(options.env));
  if (options.cwd !== undefined)
    next = withDirectory(next, checkNonEmpty(options.cwd, "the working directory", "exec"));
  const change = {
    ...(options.user === undefined ? {} : { user: checkText(options.user, "the user", "exec") }),
    ...(options.hostname === undefined ? {} : { hostname: checkText(options.hostname, "the hostname", "exec") }),
    ...(options.network === undefined ? {} : { network: options.network }),
    ...(options.security === undefined ? {} : { security: options.security }),
    ...(options.cgroupParent === undefined
      ? {}
      : { cgroupParent: checkText(options.cgroupParent, "the parent control group", "exec") }),
    ...(options.validExitCodes === undefined ? {} : { validExitCodes: checkExitCodes(options.validExitCodes) }),
    ...(options.extraHosts === undefined
      ? {}
      : { extraHosts: [...(settings.extraHosts ?? []), ...checkExtraHosts(options.extraHosts)] }),
    ...(options.ulimits === undefined
      ? {}
      : { ulimits: [...(settings.ulimits ?? []), ...checkUlimits(options.ulimits)] }),
  };
  return Object.keys(change).length === 0 ? next : withSettings(next, change);
}

/** Exit codes as the daemon takes them. */
export function checkExitCodes(codes: readonly number[]): readonly number[] {
  return Object.freeze(codes.map((code) => checkInteger(code, [0, 255], "an exit code", "exec")));
}

/** The mounts with files, the root among them: outputs are numbered in the order of destinations. */
function sortMounts(base: StateValue, readonlyRoot: boolean, mounts: readonly Mount[]): readonly VertexMount[] {
  const root: VertexMount = Object.freeze({
    type: "bind",
    readonly: readonlyRoot,
    contentCache: "default",
    cache: undefined,
    tmpfsSizeBytes: undefined,
    dest: "/",
    selector: undefined,
    source: base.output,
    output: readonlyRoot ? -1 : 0,
  });
  if (mounts.length === 0) return Object.freeze([root]);
  checkDestinations(mounts);
  const files = mounts.filter((mount) => mount.kind === "file");
  files.sort((left, right) => compareUtf8(left.mount.dest, right.mount.dest));
  let outputs = root.output + 1;
  const numbered = files.map(({ mount, writable }) => Object.freeze({ ...mount, output: writable ? outputs++ : -1 }));
  return Object.freeze([root, ...numbered]);
}

function secretFiles(mounts: readonly Mount[]): ExecVertex["secrets"] {
  return Object.freeze(mounts.flatMap((mount) => (mount.kind === "secret" ? [mount.secret] : [])));
}

function checkDestinations(mounts: readonly Mount[]): void {
  const seen = new Set<string>();
  for (const mount of mounts) {
    const dest =
      mount.kind === "file" ? mount.mount.dest : mount.kind === "secret" ? mount.secret.dest : mount.socket.dest;
    if (dest === undefined) continue;
    const path = cleanPath(dest);
    if (seen.has(path)) {
      throw invalidOp(`two mounts at ${path}`, { op: "exec", hint: "Give each mount a destination of its own." });
    }
    seen.add(path);
  }
}

function sshSockets(mounts: readonly Mount[]): readonly VertexSshSocket[] {
  const sockets = mounts.flatMap((mount) => (mount.kind === "ssh" ? [mount.socket] : []));
  return deepFreeze(
    sockets.map((socket, index) => ({ ...socket, dest: socket.dest ?? `/run/buildkit/ssh_agent.${index}` })),
  );
}

function secretEnv(variables: NonNullable<RunOptions["secretEnv"]>): readonly SecretEnv[] {
  const entries = Object.entries(variables).map(([name, secret]) => {
    const { id, optional = false } = typeof secret === "string" ? { id: secret } : secret;
    checkEnv({ [name]: "" });
    return { name, id: checkNonEmpty(id, "the id of a secret", "exec"), optional };
  });
  return deepFreeze(entries);
}

function checkDevice(device: CdiDevice): CdiDevice {
  return { name: checkNonEmpty(device.name, "the name of a device", "exec"), optional: device.optional === true };
}

function execConstraints(options: RunOptions): VertexConstraints {
  const constraints = vertexConstraints(options, "exec");
  if (options.resources === undefined) return constraints;
  const linuxResources = checkResources(options.resources);
  return deepFreeze({ ...constraints, metadata: { ...constraints.metadata, linuxResources } });
}

function checkResources(resources: LinuxResources): Readonly<Record<string, bigint | string>> {
  const numbers = {
    memory: resources.memoryBytes,
    memorySwap: resources.memorySwapBytes,
    cpuShares: resources.cpuShares,
    cpuPeriod: resources.cpuPeriodUs,
    cpuQuota: resources.cpuQuotaUs,
  };
  const texts = { cpusetCpus: resources.cpusetCpus, cpusetMems: resources.cpusetMems };
  return Object.fromEntries([
    ...Object.entries(numbers).flatMap(([name, value = 0]) => {
      const limit = checkInt64(value, `the limit ${name}`, "exec");
      return limit === 0n ? [] : [[name, limit] as const];
    }),
    ...Object.entries(texts).flatMap(([name, value = ""]) =>
      checkText(value, name, "exec") === "" ? [] : [[name, value] as const],
    ),
  ]);
}
