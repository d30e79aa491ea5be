import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Abortable } from "../../core/abort.ts";
import { formatPlatform, normalizePlatform, type PlatformText } from "../../core/platform.ts";
import type { DefinitionInput, SolveRequest } from "../../lower/solve-request.ts";
import {
  AttestationKind,
  type AttestationsSchema,
  InTotoSubjectKind,
  LLBBridge,
  type SolveResponse,
} from "../../proto/gen/gateway_pb.js";
import type { JobAttestation } from "../engine.ts";
import { encodeDefinition } from "./definition-message.ts";
import type { JobConnection } from "./job-connection.ts";

/** What the engine says of its own scans: exporters then add to each file the layer that it is in. */
const SBOM_METADATA = { reason: Buffer.from("sbom"), "sbom-core": Buffer.from("sbom") };

/** Attestations of a result, by the platform that they are of. */
export type JobAttestations = Readonly<Record<PlatformText, readonly JobAttestation[]>>;

/** Solves what a graph of our own attests of its result; nothing of it runs before the exporters read it. */
export async function solveAttestations(
  connection: Pick<JobConnection, "call">,
  input: SolveRequest["input"],
  options: Abortable,
): Promise<JobAttestations> {
  if (input.kind === "frontend" || input.attestations === undefined) return {};
  const solved = input.attestations.map(async ({ definition, ...statement }): Promise<JobAttestation> => {
    const { result } = await connection.call(
      LLBBridge.method.solve,
      { Definition: encodeDefinition(definition), allowResultReturn: true, allowResultArrayRef: true },
      options,
    );
    return Object.freeze({ kind: "predicate", ...statement, referenceId: referenceId(result) });
  });
  return { [configPlatform(input)]: await Promise.all(solved) };
}

/** Attestations as the exporters take them. */
export function encodeAttestations(
  attestations: JobAttestations,
): Record<string, MessageInitShape<typeof AttestationsSchema>> {
  return Object.fromEntries(
    Object.entries(attestations).map(([platform, list]) => [platform, { attestation: list.map(encodeAttestation) }]),
  );
}

function encodeAttestation({ kind, predicateType, referenceId: id, path, subjects }: JobAttestation) {
  return {
    kind: kind === "bundle" ? AttestationKind.Bundle : AttestationKind.InToto,
    ...(kind === "bundle" ? { metadata: SBOM_METADATA } : {}),
    ref: { id },
    path,
    inTotoPredicateType: predicateType,
    inTotoSubjects:
      subjects.length === 0
        ? [{ kind: InTotoSubjectKind.Self }]
        : subjects.map(({ name, digests }) => ({ kind: InTotoSubjectKind.Raw, name, digest: [...digests] })),
  };
}

function referenceId(result: SolveResponse["result"]): string {
  return result?.result.case === "ref" ? result.result.value.id : "";
}

/** The name under which the exporters look for what goes with a single image: the platform of its config. */
function configPlatform({ imageConfig }: DefinitionInput): PlatformText {
  const { os, architecture, variant } = imageConfig;
  return formatPlatform(
    normalizePlatform({
      os: String(os),
      architecture: String(architecture),
      ...(typeof variant === "string" ? { variant } : {}),
    }),
  );
}
