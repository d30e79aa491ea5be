import { settleAll } from "../../core/concurrency.ts";
import { PlanError, RegistryError } from "../../core/errors.ts";
import { formatReference, parseReference, type Reference } from "../../oci/model/reference.ts";
import type { RegistryClient } from "../../oci/registry/client.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Stores } from "../stores.ts";

/**
 * Asks each registry, before any work, whether we may push what the plan would push: once where it asks nobody who they are,
 * else for each repository.
 *
 * @throws PlanError `PLAN_CREDENTIALS_MISSING`, `PLAN_REGISTRY_UNREACHABLE`
 */
export async function assertMayPush(plan: Plan, stores: Stores, signal: AbortSignal): Promise<void> {
  const moved = plan.packages
    .filter((planned) => planned.nodes.some((node) => node.action !== "none" || node.state === "unknown"))
    .map(({ reference }) => parseReference(reference));
  const client = stores.registry();
  const registries = [...new Set(moved.map(({ registry }) => registry))];
  await settleAll(
    registries.map(async (registry) => {
      const [first, ...others] = moved.filter((repository) => repository.registry === registry);
      if (first === undefined) return;
      await checkPush(first, client, signal);
      if (await client.hasAsked(first, { signal })) {
        await settleAll(others.map((repository) => checkPush(repository, client, signal)));
      }
    }),
  );
}

async function checkPush(repository: Reference, client: RegistryClient, signal: AbortSignal): Promise<void> {
  try {
    await client.checkPush(repository, { signal });
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    throw refusal(formatReference(repository), repository.registry, cause);
  }
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
