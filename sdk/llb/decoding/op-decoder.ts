import { deepFreeze } from "../../core/freeze.ts";
import type { BuildOp, Op, OpBody, OpInput, OpPlatform, PassthroughOp, SourceOp } from "../op.ts";
import { decodeExec } from "./exec-decoder.ts";
import { decodeFile } from "./file-decoder.ts";
import { decodePlatform } from "./platform-decoder.ts";
import { ProtoReader } from "./proto-reader.ts";

/**
 * Reads the bytes of an op. Fields that are not known are left out: encode what was decoded only to compare.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/solver/pb/ops.proto
 */
export function decodeOp(bytes: Uint8Array): Op {
  const inputs: OpInput[] = [];
  let platform: OpPlatform | undefined;
  let constraints: string[] | undefined;
  let body: OpBody | undefined;
  new ProtoReader(bytes).readFields({
    1: (field) => inputs.push(decodeInput(field.message())),
    2: (field) => (body = decodeExec(field.message())),
    3: (field) => (body = decodeSource(field.message())),
    4: (field) => (body = decodeFile(field.message())),
    5: (field) => (body = decodeBuild(field.message())),
    6: (field) => (body = { kind: "merge", inputs: decodeIndexes(field.message()) }),
    7: (field) => (body = decodeDiff(field.message())),
    8: (field) => (body = decodePassthrough(field.message())),
    10: (field) => (platform = decodePlatform(field.message())),
    11: (field) => (constraints = [...(constraints ?? []), ...decodeTexts(field.message())]),
  });
  return deepFreeze({
    inputs,
    ...(platform === undefined ? {} : { platform }),
    ...(constraints === undefined ? {} : { constraints }),
    ...(body === undefined ? {} : { body }),
  });
}

function decodeInput(reader: ProtoReader): OpInput {
  const input = { digest: "", index: 0 };
  reader.readFields({ 1: (field) => (input.digest = field.string()), 2: (field) => (input.index = field.int()) });
  return input;
}

function decodeSource(reader: ProtoReader): SourceOp {
  let identifier = "";
  const attributes: [string, string][] = [];
  reader.readFields({
    1: (field) => (identifier = field.string()),
    2: (field) => attributes.push(decodeEntry(field.message())),
  });
  return { kind: "source", identifier, attributes: Object.fromEntries(attributes) };
}

function decodeBuild(reader: ProtoReader): BuildOp {
  let builder = 0;
  const inputs: [string, number][] = [];
  const attributes: [string, string][] = [];
  reader.readFields({
    1: (field) => (builder = field.int()),
    2: (field) => inputs.push(decodeBuildInput(field.message())),
    4: (field) => attributes.push(decodeEntry(field.message())),
  });
  return { kind: "build", builder, inputs: Object.fromEntries(inputs), attributes: Object.fromEntries(attributes) };
}

function decodeBuildInput(reader: ProtoReader): [string, number] {
  const entry: [string, number] = ["", 0];
  reader.readFields({
    1: (field) => (entry[0] = field.string()),
    2: (field) => (entry[1] = decodeIndex(field.message())),
  });
  return entry;
}

function decodeDiff(reader: ProtoReader): OpBody {
  const diff = { lower: 0, upper: 0 };
  reader.readFields({
    1: (field) => (diff.lower = decodeIndex(field.message())),
    2: (field) => (diff.upper = decodeIndex(field.message())),
  });
  return { kind: "diff", ...diff };
}

function decodePassthrough(reader: ProtoReader): PassthroughOp {
  let id = "";
  const outputs: number[] = [];
  reader.readFields({ 1: (field) => (id = field.string()), 2: (field) => field.packed(outputs) });
  return { kind: "passthrough", id, outputs };
}

function decodeIndexes(reader: ProtoReader): number[] {
  const indexes: number[] = [];
  reader.readFields({ 1: (field) => indexes.push(decodeIndex(field.message())) });
  return indexes;
}

/** A message that holds nothing but the index of an input. */
function decodeIndex(reader: ProtoReader): number {
  let index = 0;
  reader.readFields({ 1: (field) => (index = field.int()) });
  return index;
}

function decodeTexts(reader: ProtoReader): string[] {
  const texts: string[] = [];
  reader.readFields({ 1: (field) => texts.push(field.string()) });
  return texts;
}

/** An entry of `map<string,string>`. */
export function decodeEntry(reader: ProtoReader): [string, string] {
  const entry: [string, string] = ["", ""];
  reader.readFields({ 1: (field) => (entry[0] = field.string()), 2: (field) => (entry[1] = field.string()) });
  return entry;
}
