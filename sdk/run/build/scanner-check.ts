import { anySignal } from "../../core/abort.ts";
import { settleAll } from "../../core/concurrency.ts";
import { EngineError, PlanError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import { formatReference, parseReference } from "../../oci/model/reference.ts";
import { scannerOf } from "../../pkg/attestation.ts";
import type { PooledEngine } from "../engines/engine-pool.ts";
import { isAssigned } from "../facts/assigned-plan.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import type { RunNode } from "./node.ts";

/** A registry that cannot be reached may not even refuse. */
const TIMEOUT_MS = 60_000;

/**
 * Makes sure, before anything is built, that every engine that is to make bills of materials gets the image that makes
 * them. Each engine is asked once for each scanner.
 *
 * @throws PlanError `PLAN_SCANNER_UNAVAILABLE`; EngineError `ENGINE_LOST`
 */
export async function verifyScanners(
  nodes: readonly RunNode[],
  { credentials }: Pick<Stores, "credentials">,
  context: Pick<RunContext, "signal">,
): Promise<void> {
  const wanted = new Map<string, () => Promise<void>>();
  for (const { engine, tagged, platform } of nodes.filter(isAssigned)) {
    const scanner = scannerOf(tagged.package.attest ?? {});
    if (scanner === undefined) continue;
    // The scanner runs where the engine is, whatever it scans.
    const own = engine.facts.platforms[0] ?? platform;
    wanted.set(`${engine.facts.address} ${scanner}`, () => verifyScanner(scanner, own, engine, credentials, context));
  }
  await settleAll([...wanted.values()].map((verify) => verify()));
}

async function verifyScanner(
  scanner: string,
  platform: Platform,
  { engine }: PooledEngine,
  credentials: Stores["credentials"],
  { signal }: Pick<RunContext, "signal">,
): Promise<void> {
  const { createAuthService } = await import("../../session/auth.ts");
  await using job = await engine.openJob({
    ...{ exporters: [], platform, sharedKey: "", signal },
    services: [createAuthService(credentials)],
  });
  const limited = anySignal(signal, AbortSignal.timeout(TIMEOUT_MS));
  try {
    await job.resolveImage(formatReference(parseReference(scanner)), platform, { signal: limited });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EngineError) throw error;
    throw unavailable(scanner, `${engine.address} cannot get it`, error);
  }
}

function unavailable(scanner: string, why: string, cause?: unknown): PlanError {
  return new PlanError("PLAN_SCANNER_UNAVAILABLE", `the image that makes bills of materials, ${scanner}: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Name one that can be had with .attest({ sbom: { scanner } }) or --sbom-scanner=IMAGE, or make none: --sbom-scanner=false.",
    details: { scanner },
  });
}
