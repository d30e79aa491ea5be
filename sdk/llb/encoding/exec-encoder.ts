import { CONTENT_CACHE, MOUNT_TYPE, NETWORK, SECURITY, SHARING } from "../exec/exec-enums.ts";
import type { ExecOp, FileSecret, OpMount } from "../op.ts";
import type { ProtoWriter } from "./proto-writer.ts";

/** Writes the members of `pb.ExecOp`. */
export function encodeExec(writer: ProtoWriter, op: ExecOp): void {
  const meta = writer.begin(1);
  encodeMeta(writer, op);
  writer.end(meta);
  for (const mount of op.mounts) encodeMount(writer, mount);
  writer.int(3, NETWORK[op.network ?? "sandbox"]);
  writer.int(4, SECURITY[op.security ?? "sandbox"]);
  for (const secret of op.secretEnv ?? []) {
    const mark = writer.begin(5);
    writer.string(1, secret.id);
    writer.string(2, secret.name);
    writer.bool(3, secret.optional);
    writer.end(mark);
  }
  for (const device of op.cdiDevices ?? []) {
    const mark = writer.begin(6);
    writer.string(1, device.name);
    writer.bool(2, device.optional);
    writer.end(mark);
  }
}

function encodeMeta(writer: ProtoWriter, op: ExecOp): void {
  writer.strings(1, op.args);
  writer.strings(2, op.env);
  writer.string(3, op.cwd);
  writer.string(4, op.user);
  if (op.proxy !== undefined) {
    const mark = writer.begin(5);
    writer.string(1, op.proxy.http);
    writer.string(2, op.proxy.https);
    writer.string(3, op.proxy.ftp);
    writer.string(4, op.proxy.no);
    writer.string(5, op.proxy.all);
    writer.end(mark);
  }
  for (const { host, ip } of op.extraHosts ?? []) {
    const mark = writer.begin(6);
    writer.string(1, host);
    writer.string(2, ip);
    writer.end(mark);
  }
  writer.string(7, op.hostname);
  for (const { name, soft, hard } of op.ulimits ?? []) {
    const mark = writer.begin(9);
    writer.string(1, name);
    writer.int(2, soft);
    writer.int(3, hard);
    writer.end(mark);
  }
  writer.string(10, op.cgroupParent);
  writer.bool(11, op.removeMountStubsRecursive);
  writer.packed(12, op.validExitCodes);
}

function encodeMount(writer: ProtoWriter, mount: OpMount): void {
  const mark = writer.begin(2);
  writer.int(1, mount.input);
  writer.string(2, mount.selector);
  writer.string(3, mount.dest);
  writer.int(4, mount.output);
  writer.bool(5, mount.readonly);
  writer.int(6, MOUNT_TYPE[mount.type]);
  if (mount.tmpfsSizeBytes !== undefined) {
    const option = writer.begin(19);
    writer.int(1, mount.tmpfsSizeBytes);
    writer.end(option);
  }
  if (mount.cache !== undefined) {
    const option = writer.begin(20);
    writer.string(1, mount.cache.id);
    writer.int(2, SHARING[mount.cache.sharing]);
    writer.end(option);
  }
  if (mount.secret !== undefined) encodeFileSecret(writer, 21, mount.secret);
  if (mount.ssh !== undefined) encodeFileSecret(writer, 22, mount.ssh);
  writer.int(24, CONTENT_CACHE[mount.contentCache ?? "default"]);
  writer.end(mark);
}

function encodeFileSecret(writer: ProtoWriter, field: number, secret: FileSecret): void {
  const mark = writer.begin(field);
  writer.string(1, secret.id);
  writer.int(2, secret.uid);
  writer.int(3, secret.gid);
  writer.int(4, secret.mode);
  writer.bool(5, secret.optional);
  writer.end(mark);
}
