import { describe, expect, test } from "vitest";
import type { AttestSettings } from "../../../sdk/pkg/attestation.ts";
import { createPlan, type PlanOptions } from "../../../sdk/plan/decision.ts";
import type { PackageFacts, PlanVerb, PlatformFacts } from "../../../sdk/plan/plan.ts";
import { packageFacts, platformFacts, storedImage } from "./package-facts.ts";

const image = storedImage("image");
const present = { kind: "present", image } as const;
const unknown = { kind: "unknown", why: "401" } as const;

function decide(
  verb: PlanVerb,
  found: Partial<PlatformFacts>,
  options: Partial<PlanOptions> = {},
  facts: Partial<PackageFacts> = {},
) {
  const plan = createPlan([packageFacts([platformFacts("linux/amd64", found)], facts)], {
    verb,
    force: false,
    pull: true,
    ...options,
  });
  const { state, action } = plan.packages[0]?.nodes[0] ?? {};
  return { state, action };
}

describe("createPlan", () => {
  test.each([
    ["build", {}, "build", "build"],
    ["build", { cache: image }, "cached", "none"],
    ["build", { registry: present }, "published", "pull"],
    ["build", { cache: image, registry: present }, "cached", "none"],
    ["build", { registry: unknown }, "unknown", "build"],
    ["build", { cache: image, registry: unknown }, "cached", "none"],
    ["push", {}, "build", "build"],
    ["push", { cache: image }, "cached", "upload"],
    ["push", { registry: present }, "published", "none"],
    ["push", { cache: image, registry: present }, "published", "none"],
    ["push", { registry: unknown }, "unknown", "none"],
    ["push", { cache: image, registry: unknown }, "unknown", "none"],
    ["load", { registry: present }, "published", "pull"],
    ["export", { cache: image }, "cached", "none"],
  ] as const)("%s with %j: %s, %s", (verb, found, state, action) => {
    expect(decide(verb, found)).toEqual({ state, action });
  });

  test("a published image stays where it is if nothing is to be pulled", () => {
    expect(decide("build", { registry: present }, { pull: false })).toEqual({ state: "published", action: "none" });
  });

  test("force builds what exists, and asks no inputs", () => {
    const found = { cache: storedImage("image", "aa"), registry: present };
    expect(decide("push", found, { force: true })).toEqual({ state: "build", action: "build" });
  });

  test("a tag that says nothing of the content is never reused", () => {
    expect(decide("build", { cache: image }, {}, { hashed: false })).toEqual({ state: "build", action: "build" });
  });

  test.each([
    ["the cache", { cache: storedImage("image", "aa"), inputs: "bb" }],
    ["the registry", { registry: { kind: "present", image: storedImage("image", "aa") } as const, inputs: "bb" }],
    ["a plain image", { cache: image, inputs: "bb" }],
    ["a plain package", { cache: storedImage("image", "aa") }],
  ])("other inputs under the same tag are refused: %s", (_, found) => {
    expect(() => decide("build", found)).toThrowError(expect.objectContaining({ code: "PLAN_INPUTS_DIFFER" }));
  });

  test("equal inputs are reused", () => {
    expect(decide("build", { cache: storedImage("image", "aa"), inputs: "aa" }).state).toBe("cached");
  });

  describe("what is to be attested", () => {
    const attested = { ...image, attested: ["sbom", "provenance"] } as const;
    const half = { ...image, attested: ["provenance"] } as const;
    const asked = (attest: AttestSettings) => ({ package: { ...packageFacts([]).package, attest } });

    test.each([
      ["build", { cache: half }, "build", "build"],
      ["push", { cache: half, registry: present }, "build", "build"],
      ["build", { cache: attested }, "cached", "none"],
      ["build", { cache: half, registry: { kind: "present", image: attested } as const }, "published", "pull"],
      ["push", { cache: attested, registry: present }, "cached", "upload"],
      ["push", { cache: half, registry: unknown }, "unknown", "none"],
      ["load", { cache: half }, "cached", "none"],
      ["export", { cache: half }, "cached", "none"],
    ] as const)("%s with %j: %s, %s", (verb, found, state, action) => {
      expect(decide(verb, found, {}, asked({ sbom: true }))).toEqual({ state, action });
    });

    test("is not asked for where nothing is built, images are only looked at, or stored ones are to stay", () => {
      const kept = { state: "cached", action: "none" };
      expect(decide("build", { cache: half }, {}, asked({ sbom: true, keepStored: true }))).toEqual(kept);
      expect(decide("build", { cache: half }, { attest: false }, asked({ sbom: true }))).toEqual(kept);
      expect(decide("build", { cache: half }, { build: false }, asked({ sbom: true }))).toEqual(kept);
      expect(decide("build", { cache: half }, {}, asked({ provenance: "max" }))).toEqual(kept);
      expect(decide("build", { cache: image }, {}, asked({ sbom: false }))).toEqual(kept);
    });
  });

  test("names each platform's image as LinuxKit does", () => {
    const platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6"].map((name) => platformFacts(name));
    const plan = createPlan([packageFacts(platforms)], { verb: "build", force: false, pull: true });
    expect(plan.packages[0]?.nodes.map((node) => node.reference)).toEqual([
      "docker.io/acme/init:abc-amd64",
      "docker.io/acme/init:abc-arm64",
      "docker.io/acme/init:abc-arm",
      "docker.io/acme/init:abc-arm-v6",
    ]);
  });

  test("the plan is frozen all the way down", () => {
    const plan = createPlan([packageFacts([platformFacts("linux/amd64")])], {
      verb: "build",
      force: false,
      pull: true,
    });
    expect(Object.isFrozen(plan.packages[0]?.nodes[0])).toBe(true);
  });
});
