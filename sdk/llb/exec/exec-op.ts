import { formatPlatform, type Platform } from "../../core/platform.ts";
import { inheritedConfig, resolvedImage } from "../image-config/base-image.ts";
import { InputList } from "../input-list.ts";
import type { ExecOp, OpMount } from "../op.ts";
import { mergeEnv } from "../settings.ts";
import type { ExecVertex, VertexMount } from "../vertex.ts";
import type { LoweredBody, LoweringContext } from "../vertex-op.ts";
import { resolveDirectory } from "./working-directory.ts";

const SSH_SOCKET_VARIABLE = "SSH_AUTH_SOCK";

/** A process as op. */
export function execOp(given: ExecVertex, context: LoweringContext): LoweredBody {
  const vertex = withDefaultNetwork(given, context);
  const { settings, constraints, proxy } = vertex;
  const platform = constraints.platform ?? settings.platform ?? context.platform;
  const inputs = new InputList();
  const mounts = vertex.mounts.map((mount) => fileMountOp(mount, platform, inputs, context));
  const body: ExecOp = {
    kind: "exec",
    args: vertex.args,
    ...processOp(vertex, context),
    ...(proxy === undefined ? {} : { proxy }),
    ...(settings.hostname === undefined ? {} : { hostname: settings.hostname }),
    ...(settings.extraHosts === undefined ? {} : { extraHosts: settings.extraHosts }),
    ...(settings.ulimits === undefined ? {} : { ulimits: settings.ulimits }),
    ...(settings.cgroupParent === undefined ? {} : { cgroupParent: settings.cgroupParent }),
    ...(settings.validExitCodes === undefined ? {} : { validExitCodes: settings.validExitCodes }),
    ...(settings.network === undefined ? {} : { network: settings.network }),
    ...(settings.security === undefined ? {} : { security: settings.security }),
    removeMountStubsRecursive: true,
    mounts: [...mounts, ...secretMounts(vertex)],
    secretEnv: vertex.secretEnv,
    cdiDevices: vertex.cdiDevices,
  };
  return { body, inputs: inputs.list, caps: execCaps(vertex), platform };
}

function withDefaultNetwork(vertex: ExecVertex, { network }: LoweringContext): ExecVertex {
  if (network === undefined || vertex.settings.network !== undefined) return vertex;
  return { ...vertex, settings: { ...vertex.settings, network } };
}

function processOp(
  { settings, sshSockets }: ExecVertex,
  context: LoweringContext,
): Pick<ExecOp, "env" | "cwd" | "user"> {
  const inherited = inheritedConfig(resolvedImage(settings.image, context.platform, context));
  let env = inherited.env.length === 0 ? settings.env : mergeEnv(inherited.env, settings.env);
  const socket = sshSockets[0];
  if (socket !== undefined && !env.some(([name]) => name === SSH_SOCKET_VARIABLE)) {
    env = mergeEnv(env, [[SSH_SOCKET_VARIABLE, socket.dest]]);
  }
  const user = settings.user ?? inherited.user;
  return {
    env: env.map(([name, value]) => `${name}=${value}`),
    cwd: resolveDirectory(settings.directory, inherited.workingDir),
    ...(user === "" ? {} : { user }),
  };
}

function fileMountOp(mount: VertexMount, platform: Platform, inputs: InputList, context: LoweringContext): OpMount {
  const { cache, tmpfsSizeBytes, selector } = mount;
  return {
    input: mount.source === undefined ? -1 : inputs.add(context.inputOf(mount.source)),
    dest: mount.dest,
    output: mount.output,
    readonly: mount.readonly,
    type: mount.type,
    contentCache: mount.contentCache,
    ...(selector === undefined ? {} : { selector }),
    ...(tmpfsSizeBytes === undefined ? {} : { tmpfsSizeBytes }),
    ...(cache === undefined
      ? {}
      : { cache: { id: cache.id ?? `${mount.dest}@${formatPlatform(platform)}`, sharing: cache.sharing } }),
  };
}

function secretMounts({ secrets, sshSockets }: ExecVertex): readonly OpMount[] {
  return [
    ...secrets.map(({ dest, ...secret }): OpMount => ({ input: -1, dest, output: 0, type: "secret", secret })),
    ...sshSockets.map(({ dest, ...ssh }): OpMount => ({ input: -1, dest, output: 0, type: "ssh", ssh })),
  ];
}

/** Capability ids, each where the feature is used. */
function execCaps(vertex: ExecVertex): readonly string[] {
  const { settings, secrets, secretEnv } = vertex;
  const caps = ["exec.meta.base"];
  if (settings.validExitCodes !== undefined) caps.push("exec.validexitcode");
  if ((settings.ulimits?.length ?? 0) > 0) caps.push("exec.meta.ulimit");
  if (vertex.constraints.metadata?.linuxResources !== undefined) caps.push("exec.meta.linux.resources");
  if ((settings.network ?? "sandbox") !== "sandbox") caps.push("exec.meta.network");
  if (settings.security === "insecure") caps.push("exec.meta.security");
  if (vertex.proxy !== undefined) caps.push("exec.meta.proxyenv");
  if (secrets.length > 0 || secretEnv.length > 0) caps.push("exec.mount.secret");
  if (secretEnv.length > 0) caps.push("exec.secretenv");
  if (vertex.sshSockets.length > 0) caps.push("exec.mount.ssh");
  if (vertex.cdiDevices.length > 0) caps.push("exec.meta.cdi");
  for (const mount of vertex.mounts) addMountCaps(mount, caps);
  return caps;
}

function addMountCaps(mount: VertexMount, caps: string[]): void {
  if (mount.selector !== undefined) caps.push("exec.mount.selector");
  if (mount.type === "cache") caps.push("exec.mount.cache", "exec.mount.cache.sharing");
  else if (mount.type === "tmpfs") caps.push("exec.mount.tmpfs");
  else if (mount.source !== undefined) caps.push("exec.mount.bind");
  if ((mount.tmpfsSizeBytes ?? 0n) > 0n) caps.push("exec.mount.tmpfs.size");
  if (mount.contentCache !== "default") caps.push("exec.mount.cache.content");
}
