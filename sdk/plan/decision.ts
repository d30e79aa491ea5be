import { PlanError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import { formatPlatform } from "../core/platform.ts";
import { formatArchTag } from "../oci/model/arch-tag.ts";
import { type AttestationKind, requiredAttestations } from "../pkg/attestation.ts";
import type {
  NodeAction,
  NodeState,
  PackageFacts,
  Plan,
  PlanNode,
  PlannedPackage,
  PlanVerb,
  PlatformFacts,
  StoredImage,
} from "./plan.ts";

/** How a plan is to be made. */
export interface PlanOptions {
  readonly verb: PlanVerb;
  /** Build whatever exists already. */
  readonly force: boolean;
  /** Whether an image that is only in the registry is fetched. LinuxKit's `pkg build` leaves it there. */
  readonly pull: boolean;
  /** False leaves out what would have to be built. Default true. */
  readonly build?: boolean;
  /** False where images are only looked at: then they need not have what is asked to be attested. Default true. */
  readonly attest?: boolean;
}

/**
 * Decides, from facts alone, what is to be done for each package and platform.
 *
 * @throws PlanError `PLAN_INPUTS_DIFFER`
 */
export function createPlan(facts: readonly PackageFacts[], options: PlanOptions): Plan {
  return deepFreeze({ verb: options.verb, packages: facts.map((entry) => planPackage(entry, options)) });
}

function planPackage(facts: PackageFacts, options: PlanOptions): PlannedPackage {
  return {
    name: facts.name,
    directory: facts.package.directory,
    reference: facts.reference,
    tag: facts.tag,
    ...(facts.publishedIndex ? { publishedIndex: facts.publishedIndex } : {}),
    nodes: facts.platforms
      .map((platform) => planNode(facts, platform, options))
      .filter(({ action }) => action !== "build" || options.build !== false),
  };
}

function planNode(facts: PackageFacts, platform: PlatformFacts, options: PlanOptions): PlanNode {
  const node = {
    package: facts.name,
    platform: formatPlatform(platform.platform),
    reference: formatArchTag(facts.reference, platform.platform),
  };
  const rebuild = options.force
    ? "forced"
    : facts.hashed
      ? undefined
      : "not in git, so the tag says nothing of the content";
  if (rebuild !== undefined) return { ...node, state: "build", action: "build", why: rebuild };
  assertSameInputs(facts, platform);
  const { state, action, why, image } = decide(platform, options, missingIn(facts, options));
  return { ...node, state, action, why, ...(image ? { image: image.descriptor } : {}) };
}

interface Decision {
  readonly state: NodeState;
  readonly action: NodeAction;
  readonly why: string;
  readonly image?: StoredImage;
}

/** What of an image would have to be made anew for it to have all that is asked for. */
type FindMissing = (image: StoredImage) => readonly AttestationKind[];

/** Only what goes to the cache or a registry has attestations; without a build nothing can be added to what is there. */
function missingIn({ package: { attest } }: PackageFacts, options: PlanOptions): FindMissing {
  const isKept = options.verb === "build" || options.verb === "push";
  const required = isKept && options.build !== false && options.attest !== false ? requiredAttestations(attest) : [];
  return ({ attested = [] }) => required.filter((kind) => !attested.includes(kind));
}

function decide({ cache, registry }: PlatformFacts, { verb, pull }: PlanOptions, missing: FindMissing): Decision {
  const published = registry.kind === "present" && missing(registry.image).length === 0 ? registry.image : undefined;
  const cached = cache && missing(cache).length === 0 ? cache : undefined;
  if (published && (verb === "push" || !cached)) {
    const action = verb === "push" || !pull ? "none" : "pull";
    return { state: "published", action, why: "the registry has this tag and platform", image: published };
  }
  if (verb === "push" && registry.kind === "unknown") return unknown(registry.why, "none");
  if (cached) {
    const action = verb === "push" ? "upload" : "none";
    return { state: "cached", action, why: "the cache has this tag and platform", image: cached };
  }
  if (registry.kind === "unknown") return unknown(registry.why, "build");
  const lacking = cache ?? (registry.kind === "present" ? registry.image : undefined);
  const why = lacking
    ? `what exists lacks what is to be attested: ${missing(lacking).join(", ")}`
    : "neither cache nor registry has this tag and platform";
  return { state: "build", action: "build", why };
}

function unknown(why: string, action: NodeAction): Decision {
  return { state: "unknown", action, why };
}

function assertSameInputs(facts: PackageFacts, platform: PlatformFacts): void {
  const published = platform.registry.kind === "present" ? platform.registry.image : undefined;
  const other = [platform.cache, published].find((image) => image !== undefined && image.inputs !== platform.inputs);
  if (!other) return;
  throw new PlanError(
    "PLAN_INPUTS_DIFFER",
    `${facts.reference} exists for ${formatPlatform(platform.platform)}, but was made from other build args, target, recipe or settings than these`,
    {
      hint: "`kitsmith pkg explain-tag DIR --against REF`, or .compareTag(…), names them. The tag covers the directory's content only: build with force to replace it, or give the package a tag of its own with .tag(…).",
      details: {
        package: facts.name,
        digest: other.descriptor.digest,
        inputs: platform.inputs,
        existingInputs: other.inputs,
      },
    },
  );
}
