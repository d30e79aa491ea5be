import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Abortable } from "../../core/abort.ts";
import { canonicalJson } from "../../core/json.ts";
import type { PlatformText } from "../../core/platform.ts";
import type { FrontendInput, SolveRequest } from "../../lower/solve-request.ts";
import {
  type AttestationsSchema,
  type Ref,
  type Result,
  ResultSchema,
  type SolveRequestSchema,
} from "../../proto/gen/gateway_pb.js";
import type { DefinitionSchema } from "../../proto/gen/ops_pb.js";
import type { CacheEntry, JobAttestation, JobResult, OpenJob, ResultReference } from "../engine.ts";
import { decodeDefinition, encodeDefinition } from "./definition-message.ts";
import { encodeAttestations, type JobAttestations } from "./job-attestations.ts";

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
export function decodeResult(
  message: Result | undefined,
  input: SolveRequest["input"],
  attestations: JobAttestations = {},
): JobResult {
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
    metadata: Object.freeze({ ...original.metadata, ...metadataOf(input) }),
    ...(Object.keys(attestations).length === 0 ? {} : { attestations }),
  });
  ORIGINALS.set(result, original);
  return result;
}

/** A result as it is handed to the exporters. */
export function encodeResult(result: JobResult): MessageInitShape<typeof ResultSchema> {
  const { reference, references, metadata } = result;
  const attestations = encodeAllAttestations(result);
  const ids = Object.entries(references);
  if (ids.length === 0) {
    return { result: { case: "ref", value: { id: reference?.id ?? "" } }, metadata: { ...metadata }, attestations };
  }
  const refs = Object.fromEntries(ids.map(([id, one]) => [id, { id: one.id }]));
  return { result: { case: "refs", value: { refs } }, metadata: { ...metadata }, attestations };
}

/** Hands what frontends attested of the results for single platforms on to the result of them all. */
export function withOriginals(whole: JobResult, parts: readonly (readonly [PlatformText, JobResult])[]): JobResult {
  const attestations = parts.flatMap(([platform, part]) => {
    const all = Object.values(ORIGINALS.get(part)?.attestations ?? {}).flatMap(({ attestation }) => attestation);
    return all.length === 0 ? [] : [[platform, { attestation: all }] as const];
  });
  ORIGINALS.set(whole, create(ResultSchema, { attestations: Object.fromEntries(attestations) }));
  return whole;
}

/** The result with one more attestation of a platform. */
export function withAttestation(result: JobResult, platform: PlatformText, attestation: JobAttestation): JobResult {
  const others = result.attestations?.[platform] ?? [];
  const attestations = { ...result.attestations, [platform]: [...others, attestation] };
  return withOriginals(Object.freeze({ ...result, attestations }), [[platform, result]]);
}

/** The result of a platform with more metadata; what it says already stays. */
export function withMetadata(
  result: JobResult,
  platform: PlatformText,
  metadata: Readonly<Record<string, Uint8Array>>,
): JobResult {
  const all = Object.freeze({ ...metadata, ...result.metadata });
  return withOriginals(Object.freeze({ ...result, metadata: all }), [[platform, result]]);
}

/** Runs all that a result needs. */
export async function evaluateResult(
  job: Pick<OpenJob, "evaluate">,
  { reference, references }: JobResult,
  options: Abortable = {},
): Promise<void> {
  const all = [...(reference === undefined ? [] : [reference]), ...Object.values(references)];
  await Promise.all(all.map((one) => job.evaluate(one, options)));
}

function encodeAllAttestations(result: JobResult): Record<string, MessageInitShape<typeof AttestationsSchema>> {
  const own = encodeAttestations(result.attestations ?? {});
  const all: Record<string, MessageInitShape<typeof AttestationsSchema>> = { ...ORIGINALS.get(result)?.attestations };
  for (const [platform, { attestation = [] }] of Object.entries(own)) {
    all[platform] = { attestation: [...(all[platform]?.attestation ?? []), ...attestation] };
  }
  return all;
}

function metadataOf(input: SolveRequest["input"]): Readonly<Record<string, Uint8Array>> {
  if (input.kind === "frontend") return {};
  const { imageConfig, metadata = {} } = input;
  return {
    [CONFIG_KEY]: Buffer.from(canonicalJson(imageConfig)),
    ...Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value)])),
  };
}

function referenceOf({ id, def }: Ref): ResultReference | undefined {
  if (id === "") return undefined;
  return Object.freeze({ id, ...(def === undefined ? {} : { definition: decodeDefinition(def) }) });
}
