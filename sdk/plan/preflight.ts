import { PlanError } from "../core/errors.ts";
import { formatPlatform, type Platform, samePlatform } from "../core/platform.ts";
import type { Package } from "../pkg/package.ts";
import type { PackageFacts, Plan } from "./plan.ts";

/**
 * The platforms to build: those asked for, else the package's own.
 *
 * @throws PlanError `PLAN_PLATFORM_UNSUPPORTED`
 */
export function selectPlatforms(pkg: Package, asked: readonly Platform[] | undefined): readonly Platform[] {
  if (!asked) return pkg.platforms;
  const missing = asked.find((platform) => !pkg.platforms.some((own) => samePlatform(own, platform)));
  if (missing && pkg.origin.loader === "build.yml") {
    throw new PlanError(
      "PLAN_PLATFORM_UNSUPPORTED",
      `${pkg.org}/${pkg.image} does not build ${formatPlatform(missing)}, only ${pkg.platforms.map(formatPlatform).join(", ")}`,
      {
        hint: `Add ${missing.architecture} to arches in ${pkg.origin.file ?? pkg.directory}, or leave the platform out.`,
        details: { package: `${pkg.org}/${pkg.image}`, platform: formatPlatform(missing) },
        ...(pkg.origin.file === undefined ? {} : { location: { file: pkg.origin.file } }),
      },
    );
  }
  return asked;
}

/**
 * Refuses, before any work, to push what nobody could build again.
 *
 * @throws PlanError `PLAN_TREE_DIRTY`
 */
export function assertClean(facts: readonly PackageFacts[]): void {
  const dirty = facts.filter((entry) => entry.dirty);
  if (dirty.length > 0) {
    throw new PlanError(
      "PLAN_TREE_DIRTY",
      `uncommitted changes in ${dirty.map((entry) => entry.package.directory).join(", ")}`,
      {
        hint: "Commit or stash them, or use build() to try them out: what is pushed has to be found again by its commit.",
        details: { packages: dirty.map((entry) => entry.name) },
      },
    );
  }
}

/**
 * Refuses, before any work, to push where it is not known what would be replaced.
 *
 * @throws PlanError `PLAN_REGISTRY_UNREACHABLE`
 */
export function assertKnown(facts: readonly PackageFacts[], plan: Plan): void {
  for (const pkg of plan.packages) {
    const node = pkg.nodes.find((candidate) => candidate.state === "unknown");
    if (!node) continue;
    const registry = facts.find((entry) => entry.reference === pkg.reference)?.platforms[0]?.registry;
    throw new PlanError("PLAN_REGISTRY_UNREACHABLE", `it is not known what ${pkg.reference} holds: ${node.why}`, {
      hint: "Log in to the registry or check that it can be reached; only an answer of 404 counts as absent.",
      details: { package: pkg.name, reference: pkg.reference },
      ...(registry?.kind === "unknown" ? { cause: registry.cause } : {}),
    });
  }
}
