import { describe, expect, test } from "vitest";
import { parsePlatform } from "../../../sdk/core/platform.ts";
import { createPackage } from "../../../sdk/pkg/create-package.ts";
import type { Package } from "../../../sdk/pkg/package.ts";
import { createPlan } from "../../../sdk/plan/decision.ts";
import type { PackageFacts } from "../../../sdk/plan/plan.ts";
import { assertClean, assertKnown, selectPlatforms } from "../../../sdk/plan/preflight.ts";
import { packageFacts, platformFacts } from "./package-facts.ts";

const code = (name: string) => expect.objectContaining({ code: name });

describe("selectPlatforms", () => {
  const written: Package = {
    ...createPackage({ directory: "/src/init", image: "init", platforms: ["linux/amd64"] }),
    origin: { loader: "build.yml", file: "/src/init/build.yml" },
  };

  test("gives the package's own where none are asked for", () => {
    expect(selectPlatforms(written, undefined)).toEqual([parsePlatform("linux/amd64")]);
  });

  test("refuses a platform that build.yml does not list", () => {
    expect(() => selectPlatforms(written, [parsePlatform("linux/s390x")])).toThrowError(
      code("PLAN_PLATFORM_UNSUPPORTED"),
    );
  });

  test("takes any platform for a package that lists none itself", () => {
    const plain = { ...written, origin: { loader: "dockerfile" } } as const;
    expect(selectPlatforms(plain, [parsePlatform("linux/s390x")])).toHaveLength(1);
  });
});

describe("a push", () => {
  function check(facts: PackageFacts): () => void {
    return () => {
      assertClean([facts]);
      assertKnown([facts], createPlan([facts], { verb: "push", force: false, pull: false }));
    };
  }

  test("of a clean package is accepted", () => {
    expect(check(packageFacts([platformFacts("linux/amd64")]))).not.toThrow();
  });

  test("of a dirty one is refused", () => {
    expect(check(packageFacts([platformFacts("linux/amd64")], { dirty: true }))).toThrowError(code("PLAN_TREE_DIRTY"));
  });

  test("is refused where the registry did not say what it has", () => {
    const platform = platformFacts("linux/amd64", { registry: { kind: "unknown", why: "401", cause: "cause" } });
    expect(check(packageFacts([platform]))).toThrowError(
      expect.objectContaining({ code: "PLAN_REGISTRY_UNREACHABLE", cause: "cause" }),
    );
  });
});
