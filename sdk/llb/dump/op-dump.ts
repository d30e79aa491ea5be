import { CONTENT_CACHE, MOUNT_TYPE, NETWORK, SECURITY, SHARING } from "../exec/exec-enums.ts";
import type { BuildOp, ExecOp, FileSecret, Op, OpBody, OpMount } from "../op.ts";
import { fileActionDump } from "./file-dump.ts";
import { type GoJson, omitZero, sortedMap } from "./go-json.ts";

/**
 * An op as JSON value with the names and the order that Go gives it.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/solver/pb/json.go
 */
export function opDump({ inputs, body, platform, constraints }: Op): GoJson {
  return {
    inputs: list(inputs.map(({ digest, index }) => omitZero({ digest, index }))),
    Op: body === undefined ? {} : { [body.kind]: bodyDump(body) },
    platform:
      platform &&
      omitZero({
        Architecture: platform.architecture,
        OS: platform.os,
        Variant: platform.variant,
        OSVersion: platform.osVersion,
        OSFeatures: platform.osFeatures,
      }),
    constraints: constraints && omitZero({ filter: constraints }),
  };
}

function list(values: readonly GoJson[]): GoJson | undefined {
  return values.length === 0 ? undefined : values;
}

function bodyDump(body: OpBody): GoJson {
  switch (body.kind) {
    case "exec":
      return execDump(body);
    case "source":
      return omitZero({ identifier: body.identifier, attrs: sortedMap(body.attributes) });
    case "file":
      return omitZero({ actions: body.actions.map(fileActionDump) });
    case "build":
      return buildDump(body);
    case "merge":
      return omitZero({ inputs: body.inputs.map((input) => omitZero({ input })) });
    case "diff":
      return { lower: omitZero({ input: body.lower }), upper: omitZero({ input: body.upper }) };
    case "passthrough":
      return omitZero({ id: body.id, outputs: body.outputs });
  }
}

function buildDump({ builder, inputs, attributes }: BuildOp): GoJson {
  const dumped = Object.entries(inputs).map(([name, input]) => [name, omitZero({ input })] as const);
  return omitZero({ builder, inputs: sortedMap(Object.fromEntries(dumped)), attrs: sortedMap(attributes) });
}

function execDump(op: ExecOp): GoJson {
  return omitZero({
    meta: metaDump(op),
    mounts: op.mounts.map(mountDump),
    network: NETWORK[op.network ?? "sandbox"],
    security: SECURITY[op.security ?? "sandbox"],
    secretenv: op.secretEnv?.map(({ id, name, optional }) => omitZero({ ID: id, name, optional })),
    cdiDevices: op.cdiDevices?.map(({ name, optional }) => omitZero({ name, optional })),
  });
}

function metaDump(op: ExecOp): GoJson {
  const { proxy } = op;
  return omitZero({
    args: op.args,
    env: op.env,
    cwd: op.cwd,
    user: op.user,
    proxy_env:
      proxy &&
      omitZero({
        http_proxy: proxy.http,
        https_proxy: proxy.https,
        ftp_proxy: proxy.ftp,
        no_proxy: proxy.no,
        all_proxy: proxy.all,
      }),
    extraHosts: op.extraHosts?.map(({ host, ip }) => omitZero({ Host: host, IP: ip })),
    hostname: op.hostname,
    ulimit: op.ulimits?.map(({ name, soft, hard }) => omitZero({ Name: name, Soft: soft, Hard: hard })),
    cgroupParent: op.cgroupParent,
    removeMountStubsRecursive: op.removeMountStubsRecursive,
    validExitCodes: op.validExitCodes,
  });
}

function mountDump(mount: OpMount): GoJson {
  const { cache } = mount;
  return omitZero({
    input: mount.input,
    selector: mount.selector,
    dest: mount.dest,
    output: mount.output,
    readonly: mount.readonly,
    mountType: MOUNT_TYPE[mount.type],
    TmpfsOpt: mount.tmpfsSizeBytes === undefined ? undefined : omitZero({ size: mount.tmpfsSizeBytes }),
    cacheOpt: cache && omitZero({ ID: cache.id, sharing: SHARING[cache.sharing] }),
    secretOpt: mount.secret && secretDump(mount.secret),
    SSHOpt: mount.ssh && secretDump(mount.ssh),
    contentCache: CONTENT_CACHE[mount.contentCache ?? "default"],
  });
}

function secretDump({ id, uid, gid, mode, optional }: FileSecret): GoJson {
  return omitZero({ ID: id, uid, gid, mode, optional });
}
