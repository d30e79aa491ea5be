import { PlanError, RegistryError } from "../../core/errors.ts";
import { formatReference, parseReference } from "../../oci/model/reference.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Stores } from "../stores.ts";

/**
 * Asks each registry, before any work, whether we may push what the plan would push.
 *
 * @throws PlanError `PLAN_CREDENTIALS_MISSING`, `PLAN_REGISTRY_UNREACHABLE`
 */
export async function assertMayPush(plan: Plan, stores: Stores, signal: AbortSignal): Promise<void> {
  const moved = plan.packages.filter((planned) =>
    planned.nodes.some((node) => node.action !== "none" || node.state === "unknown"),
  );
  await Promise.all(
    moved.map(async ({ reference }) => {
      const repository = parseReference(reference);
      try {
        await stores.registry().checkPush(repository, { signal });
      } catch (cause) {
        if (!(cause instanceof RegistryError)) throw cause;
        throw refusal(formatReference(repository), repository.registry, cause);
      }
    }),
  );
}

function refusal(reference: string, registry: string, cause: RegistryError): PlanError {
  if (cause.code === "REGISTRY_UNAUTHORIZED" || cause.code === "REGISTRY_FORBIDDEN") {
    return new PlanError("PLAN_CREDENTIALS_MISSING", `${registry} does not let us push ${reference}`, {
      cause,
      hint: `Log in with \`docker login ${registry}\` as someone who may push there, or name another registry with .org("host/team").`,
      details: { registry },
    });
  }
  return new PlanError("PLAN_REGISTRY_UNREACHABLE", `${registry} does not take uploads now`, {
    cause,
    hint: "Check that the registry runs and can be reached from here.",
    details: { registry },
    retryable: cause.retryable,
  });
}
