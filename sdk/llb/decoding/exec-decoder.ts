import { enumName } from "../enum-value.ts";
import { CONTENT_CACHE, MOUNT_TYPE, NETWORK, SECURITY, SHARING } from "../exec/exec-enums.ts";
import type { CdiDevice, ExecOp, ExtraHost, FileSecret, OpMount, ProxyEnv, SecretEnv, Ulimit } from "../op.ts";
import type { ProtoReader } from "./proto-reader.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Meta = Omit<ExecOp, "kind" | "mounts" | "network" | "security" | "secretEnv" | "cdiDevices">;

/** Reads `pb.ExecOp`. */
export function decodeExec(reader: ProtoReader): ExecOp {
  let meta: Meta = { args: [], env: [], cwd: "" };
  const mounts: OpMount[] = [];
  const modes: Writable<Pick<ExecOp, "network" | "security">> = {};
  const secretEnv: SecretEnv[] = [];
  const cdiDevices: CdiDevice[] = [];
  reader.readFields({
    1: (field) => (meta = decodeMeta(field.message())),
    2: (field) => mounts.push(decodeMount(field.message())),
    3: (field) => (modes.network = enumName(NETWORK, field.int())),
    4: (field) => (modes.security = enumName(SECURITY, field.int())),
    5: (field) => secretEnv.push(decodeSecretEnv(field.message())),
    6: (field) => cdiDevices.push(decodeDevice(field.message())),
  });
  return {
    kind: "exec",
    ...meta,
    mounts,
    ...modes,
    ...(secretEnv.length === 0 ? {} : { secretEnv }),
    ...(cdiDevices.length === 0 ? {} : { cdiDevices }),
  };
}

function decodeMeta(reader: ProtoReader): Meta {
  const args: string[] = [];
  const env: string[] = [];
  const extraHosts: ExtraHost[] = [];
  const ulimits: Ulimit[] = [];
  const validExitCodes: number[] = [];
  const meta: Writable<Meta> = { args, env, cwd: "" };
  reader.readFields({
    1: (field) => args.push(field.string()),
    2: (field) => env.push(field.string()),
    3: (field) => (meta.cwd = field.string()),
    4: (field) => (meta.user = field.string()),
    5: (field) => (meta.proxy = decodeProxy(field.message())),
    6: (field) => extraHosts.push(decodeHost(field.message())),
    7: (field) => (meta.hostname = field.string()),
    9: (field) => ulimits.push(decodeUlimit(field.message())),
    10: (field) => (meta.cgroupParent = field.string()),
    11: (field) => (meta.removeMountStubsRecursive = field.bool()),
    12: (field) => field.packed(validExitCodes),
  });
  return {
    ...meta,
    ...(extraHosts.length === 0 ? {} : { extraHosts }),
    ...(ulimits.length === 0 ? {} : { ulimits }),
    ...(validExitCodes.length === 0 ? {} : { validExitCodes }),
  };
}

function decodeProxy(reader: ProtoReader): ProxyEnv {
  const proxy: Writable<ProxyEnv> = {};
  reader.readFields({
    1: (field) => (proxy.http = field.string()),
    2: (field) => (proxy.https = field.string()),
    3: (field) => (proxy.ftp = field.string()),
    4: (field) => (proxy.no = field.string()),
    5: (field) => (proxy.all = field.string()),
  });
  return proxy;
}

function decodeHost(reader: ProtoReader): ExtraHost {
  const host: Writable<ExtraHost> = { host: "", ip: "" };
  reader.readFields({ 1: (field) => (host.host = field.string()), 2: (field) => (host.ip = field.string()) });
  return host;
}

function decodeUlimit(reader: ProtoReader): Ulimit {
  const limit: Writable<Ulimit> = { name: "", soft: 0n, hard: 0n };
  reader.readFields({
    1: (field) => (limit.name = field.string()),
    2: (field) => (limit.soft = field.int64()),
    3: (field) => (limit.hard = field.int64()),
  });
  return limit;
}

function decodeSecretEnv(reader: ProtoReader): SecretEnv {
  const secret: Writable<SecretEnv> = { id: "", name: "" };
  reader.readFields({
    1: (field) => (secret.id = field.string()),
    2: (field) => (secret.name = field.string()),
    3: (field) => (secret.optional = field.bool()),
  });
  return secret;
}

function decodeDevice(reader: ProtoReader): CdiDevice {
  const device: Writable<CdiDevice> = { name: "" };
  reader.readFields({
    1: (field) => (device.name = field.string()),
    2: (field) => (device.optional = field.bool()),
  });
  return device;
}

function decodeMount(reader: ProtoReader): OpMount {
  const mount: Writable<OpMount> = { input: 0, dest: "", output: 0, type: "bind" };
  reader.readFields({
    1: (field) => (mount.input = field.int()),
    2: (field) => (mount.selector = field.string()),
    3: (field) => (mount.dest = field.string()),
    4: (field) => (mount.output = field.int()),
    5: (field) => (mount.readonly = field.bool()),
    6: (field) => (mount.type = enumName(MOUNT_TYPE, field.int())),
    19: (field) => (mount.tmpfsSizeBytes = decodeTmpfsSize(field.message())),
    20: (field) => (mount.cache = decodeCache(field.message())),
    21: (field) => (mount.secret = decodeFileSecret(field.message())),
    22: (field) => (mount.ssh = decodeFileSecret(field.message())),
    24: (field) => (mount.contentCache = enumName(CONTENT_CACHE, field.int())),
  });
  return mount;
}

function decodeTmpfsSize(reader: ProtoReader): bigint {
  let size = 0n;
  reader.readFields({ 1: (field) => (size = field.int64()) });
  return size;
}

function decodeCache(reader: ProtoReader): NonNullable<OpMount["cache"]> {
  const cache: Writable<NonNullable<OpMount["cache"]>> = { id: "", sharing: "shared" };
  reader.readFields({
    1: (field) => (cache.id = field.string()),
    2: (field) => (cache.sharing = enumName(SHARING, field.int())),
  });
  return cache;
}

function decodeFileSecret(reader: ProtoReader): FileSecret {
  const secret: Writable<FileSecret> = { id: "", uid: 0, gid: 0, mode: 0 };
  reader.readFields({
    1: (field) => (secret.id = field.string()),
    2: (field) => (secret.uid = field.int()),
    3: (field) => (secret.gid = field.int()),
    4: (field) => (secret.mode = field.int()),
    5: (field) => (secret.optional = field.bool()),
  });
  return secret;
}
