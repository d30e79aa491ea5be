import type { BuildOp, DiffOp, MergeOp, Op, OpBody, OpPlatform } from "../op.ts";
import { encodeExec } from "./exec-encoder.ts";
import { encodeFile } from "./file-encoder.ts";
import { compareUtf8, ProtoWriter } from "./proto-writer.ts";

const FIELD_BY_KIND: Readonly<Record<OpBody["kind"], number>> = {
  exec: 2,
  source: 3,
  file: 4,
  build: 5,
  merge: 6,
  diff: 7,
  passthrough: 8,
};

/**
 * The canonical bytes of an op. The sha256 of them is the vertex digest that the daemon computes as well:
 * fields ascend by number, but the body comes last.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/solver/pb/ops.proto
 */
export function encodeOp(op: Op, writer: ProtoWriter = new ProtoWriter()): Uint8Array {
  for (const input of op.inputs) {
    const mark = writer.begin(1);
    writer.string(1, input.digest);
    writer.int(2, input.index);
    writer.end(mark);
  }
  if (op.platform !== undefined) encodePlatform(writer, 10, op.platform);
  if (op.constraints !== undefined) {
    const mark = writer.begin(11);
    writer.strings(1, op.constraints);
    writer.end(mark);
  }
  if (op.body !== undefined) {
    const mark = writer.begin(FIELD_BY_KIND[op.body.kind]);
    encodeBody(writer, op.body);
    writer.end(mark);
  }
  return writer.finish();
}

function encodePlatform(writer: ProtoWriter, field: number, platform: OpPlatform): void {
  const mark = writer.begin(field);
  writer.string(1, platform.architecture);
  writer.string(2, platform.os);
  writer.string(3, platform.variant);
  writer.string(4, platform.osVersion);
  writer.strings(5, platform.osFeatures);
  writer.end(mark);
}

function encodeBody(writer: ProtoWriter, body: OpBody): void {
  switch (body.kind) {
    case "exec":
      encodeExec(writer, body);
      return;
    case "source":
      writer.string(1, body.identifier);
      writer.map(2, body.attributes);
      return;
    case "file":
      encodeFile(writer, body);
      return;
    case "build":
      encodeBuild(writer, body);
      return;
    case "merge":
      encodeMerge(writer, body);
      return;
    case "diff":
      encodeDiff(writer, body);
      return;
    case "passthrough":
      writer.string(1, body.id);
      writer.packed(2, body.outputs);
  }
}

function encodeBuild(writer: ProtoWriter, op: BuildOp): void {
  writer.int(1, op.builder);
  for (const key of Object.keys(op.inputs).sort(compareUtf8)) {
    const entry = writer.begin(2);
    writer.stringAlways(1, key);
    encodeIndex(writer, 2, op.inputs[key] ?? 0);
    writer.end(entry);
  }
  writer.map(4, op.attributes);
}

function encodeMerge(writer: ProtoWriter, op: MergeOp): void {
  for (const input of op.inputs) encodeIndex(writer, 1, input);
}

function encodeDiff(writer: ProtoWriter, op: DiffOp): void {
  encodeIndex(writer, 1, op.lower);
  encodeIndex(writer, 2, op.upper);
}

/** A message that holds nothing but the index of an input. */
function encodeIndex(writer: ProtoWriter, field: number, input: number): void {
  const mark = writer.begin(field);
  writer.int(1, input);
  writer.end(mark);
}
