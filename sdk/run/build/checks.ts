import { EngineError, isKitsmithError, PlanError } from "../../core/errors.ts";
import type { Image } from "../../image/image.ts";
import type { NodeName } from "../../progress/event.ts";
import type { RunContext } from "../run.ts";
import { watchImage } from "./watched-image.ts";

/** Looks into an image; what it throws is why the image is not published. What it gives back is waited for. */
export type CheckFunction = (image: Image) => unknown;

/** How a check is run. */
export interface CheckOptions {
  /** Also on platforms that are not built because they exist: these are fetched and checked. Default false. */
  readonly always?: boolean;
}

/** A check of a package's images. */
export interface Check {
  readonly name: string;
  readonly run: CheckFunction;
  readonly always: boolean;
}

/**
 * Runs checks, one after the other.
 *
 * @throws PlanError `PLAN_CHECK_FAILED` for the first that fails
 */
export async function runChecks(
  checks: readonly Check[],
  image: Image,
  node: NodeName,
  context: RunContext,
): Promise<void> {
  for (const check of checks) {
    context.signal.throwIfAborted();
    const report = (outcome: "passed" | "failed"): void =>
      context.emit({ type: "check", at: Date.now(), node, name: check.name, outcome });
    try {
      await runCheck(check, image);
      report("passed");
    } catch (error) {
      context.signal.throwIfAborted();
      report("failed");
      throw checkFailed(check, node, error);
    }
  }
}

/** Says of checks that a platform's image was there already, so that it was not looked at. */
export function skipChecks(checks: readonly Check[], node: NodeName, why: string, { emit }: RunContext): void {
  for (const { name } of checks) emit({ type: "check", at: Date.now(), node, name, outcome: "not run", why });
}

async function runCheck({ run }: Check, image: Image): Promise<void> {
  const watched = watchImage(image);
  await run(watched.image);
  await watched.assertSettled();
}

/** What is wrong with the machinery, and not with the image, stays what it is. */
function checkFailed(check: Check, node: NodeName, cause: unknown): unknown {
  if (cause instanceof EngineError) return cause;
  if (cause instanceof PlanError && cause.code !== "PLAN_CHECK_FAILED") return cause;
  const { file, command, exitCode } = isKitsmithError(cause) ? cause.details : {};
  const why = messageOf(cause);
  return new PlanError("PLAN_CHECK_FAILED", `check "${check.name}" of ${node.package} for ${node.platform}: ${why}`, {
    cause,
    hint: "Nothing of this platform was exported, and no tag was moved.",
    details: {
      check: check.name,
      ...node,
      ...(file === undefined ? {} : { file }),
      ...(command === undefined ? {} : { command, exitCode }),
    },
  });
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isKitsmithError(error) ? message.slice(`[${error.code}] `.length) : message;
}
