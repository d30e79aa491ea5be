import type { Abortable } from "../../core/abort.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { JobResult, OpenJob } from "../../engine/engine.ts";
import { withAttestation } from "../../engine/job/job-result.ts";
import { type Definition, fromDefinition, llb } from "../../llb/index.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { sbomScan } from "../../lower/sbom-scan.ts";
import { formatReference, parseReference } from "../../oci/model/reference.ts";
import { scannerOf } from "../../pkg/attestation.ts";

const SPDX = "https://spdx.dev/Document";

/** A build's result in its job, and its graph. */
export interface ScannedBuild {
  readonly job: OpenJob;
  readonly result: JobResult;
  /** What would run, where it is known. */
  readonly graph: Definition | undefined;
}

/**
 * The result with the bill of materials that its step asks for, made within the job where the engine cannot make it itself:
 * there its scanner would have a network that there is not. Otherwise the result as it is.
 *
 * @param own - the engine's own platform
 */
export async function withOwnScan(
  step: BuildStep,
  { job, result, graph }: ScannedBuild,
  own: Platform,
  options: Abortable,
): Promise<JobResult> {
  const { sbom = false } = step.package.attest ?? {};
  const scanner = scannerOf(step.package.attest ?? {});
  if (scanner === undefined || step.sandboxNetwork !== "host") return result;
  const { registry, repository } = parseReference(scanner);
  const { config, digest } = await job.resolveImage(formatReference(parseReference(scanner)), own, options);
  const definition = sbomScan({
    scanner: formatReference({ registry, repository, digest }),
    config: JSON.parse(Buffer.from(config).toString("utf8")),
    parameters: typeof sbom === "object" ? (sbom.parameters ?? {}) : {},
    platform: own,
    root: graph === undefined ? llb.scratch() : fromDefinition(graph),
  });
  const { reference } = await job.solve({ input: { kind: "definition", definition, imageConfig: {} } }, options);
  const statements = { kind: "bundle", predicateType: SPDX, path: "/", subjects: [] } as const;
  return withAttestation(result, formatPlatform(step.platform), { ...statements, referenceId: reference?.id ?? "" });
}
