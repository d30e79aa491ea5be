import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { canonicalJson } from "../core/json.ts";
import type { FrontendInput, SolveRequest } from "../lower/solve-request.ts";
import { type Ref, type Result, ResultSchema, type SolveRequestSchema } from "../proto/gen/gateway_pb.js";
import type { DefinitionSchema } from "../proto/gen/ops_pb.js";
import { decodeDefinition, encodeDefinition } from "./definition-message.ts";
import type { CacheEntry, JobResult, ResultReference } from "./engine.ts";

const CONFIG_KEY = "containerimage.config";

/** What the daemon answered, with the parts of it that our own type leaves out, such as attestations. */
const ORIGINALS = new WeakMap<JobResult, Result>();

/** A solve as the daemon takes it within a job. */
export function encodeInput(
  input: SolveRequest["input"],
  cacheImports: readonly CacheEntry[] = [],
): MessageInitShape<typeof SolveRequestSchema> {
  const imports = cacheImports.map(({ type, attributes }) => ({ Type: type, Attrs: { ...attributes } }));
  // A frontend hands its imports on itself, to the solves that it makes.
  const frontendImports = imports.length === 0 ? {} : { "cache-imports": JSON.stringify(imports) };
  const what =
    input.kind === "frontend"
      ? {
          Frontend: input.frontend,
          FrontendOpt: { ...input.options, ...frontendImports },
          FrontendInputs: encodeInputs(input.inputs),
        }
      : { Definition: encodeDefinition(input.definition), CacheImports: imports };
  return { ...what, allowResultReturn: true, allowResultArrayRef: true };
}

/** The graphs that a frontend can ask for. */
export function encodeInputs(
  inputs: FrontendInput["inputs"] = {},
): Record<string, MessageInitShape<typeof DefinitionSchema>> {
  return Object.fromEntries(Object.entries(inputs).map(([name, definition]) => [name, encodeDefinition(definition)]));
}

/** The daemon's answer to a solve; a graph of our own gets the config that goes with it. */
export function decodeResult(message: Result | undefined, input: SolveRequest["input"]): JobResult {
  const original = message ?? create(ResultSchema);
  const reference = original.result.case === "ref" ? referenceOf(original.result.value) : undefined;
  const references: Record<string, ResultReference> = {};
  for (const [id, ref] of Object.entries(original.result.case === "refs" ? original.result.value.refs : {})) {
    const one = referenceOf(ref);
    if (one !== undefined) references[id] = one;
  }
  const result: JobResult = Object.freeze({
    ...(reference === undefined ? {} : { reference }),
    references: Object.freeze(references),
    metadata: Object.freeze({ ...original.metadata, ...configOf(input) }),
  });
  ORIGINALS.set(result, original);
  return result;
}

/** A result as it is handed to the exporters. */
export function encodeResult(result: JobResult): MessageInitShape<typeof ResultSchema> {
  const { reference, references, metadata } = result;
  const attestations = ORIGINALS.get(result)?.attestations ?? {};
  const ids = Object.entries(references);
  if (ids.length === 0) {
    return { result: { case: "ref", value: { id: reference?.id ?? "" } }, metadata: { ...metadata }, attestations };
  }
  const refs = Object.fromEntries(ids.map(([id, one]) => [id, { id: one.id }]));
  return { result: { case: "refs", value: { refs } }, metadata: { ...metadata }, attestations };
}

/** Every reference of a result. */
export function referencesOf(result: JobResult): readonly ResultReference[] {
  return [...(result.reference === undefined ? [] : [result.reference]), ...Object.values(result.references)];
}

function configOf(input: SolveRequest["input"]): Readonly<Record<string, Uint8Array>> {
  return input.kind === "frontend" ? {} : { [CONFIG_KEY]: Buffer.from(canonicalJson(input.imageConfig)) };
}

function referenceOf({ id, def }: Ref): ResultReference | undefined {
  if (id === "") return undefined;
  return Object.freeze({ id, ...(def === undefined ? {} : { definition: decodeDefinition(def) }) });
}
