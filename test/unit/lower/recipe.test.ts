import { describe, expect, test } from "vitest";
import { formatPlatform, parsePlatform } from "../../../sdk/core/platform.ts";
import { execPlatforms } from "../../../sdk/llb/exec/exec-platforms.ts";
import { llb, type State } from "../../../sdk/llb/index.ts";
import type { BuildStep } from "../../../sdk/lower/build-step.ts";
import { lowerStep } from "../../../sdk/lower/lowering.ts";
import { callForFingerprint, recipeFingerprint } from "../../../sdk/lower/recipe.ts";
import { createPackage, type PackageInit } from "../../../sdk/pkg/create-package.ts";
import type { Recipe, RecipeContext } from "../../../sdk/pkg/package.ts";

const recipe = ({ platform, buildPlatform, context }: RecipeContext): State => {
  const build = llb
    .image("alpine:3.22", { platform: buildPlatform })
    .copy(context("."), "/src")
    .run(["cc", platform.architecture]);
  return llb.scratch().copy(build.path("/out"), "/").entrypoint("/out").label("own", "1");
};

function step(init: Partial<PackageInit> = {}, buildPlatform = "linux/amd64"): BuildStep {
  return {
    title: "acme/agent linux/arm64",
    package: createPackage({ directory: "/src/agent", org: "acme", image: "agent", recipe, ...init }),
    platform: parsePlatform("linux/arm64"),
    buildPlatform: parsePlatform(buildPlatform),
    buildArgs: {},
    labels: { "org.mobyproject.config": "{}", own: "0" },
    sandboxNetwork: "sandbox",
  };
}

function lowered(given: BuildStep) {
  const request = lowerStep(given);
  if (request.input.kind !== "definition") throw new Error("a recipe is a definition");
  return { ...request, input: request.input };
}

describe("lowering a recipe", () => {
  test("steps run on the engine's platform, the image is for the target", () => {
    const { input, locals } = lowered(step());
    expect(execPlatforms(input.definition).map(formatPlatform)).toEqual(["linux/amd64"]);
    expect(input.imageConfig).toMatchObject({
      architecture: "arm64",
      os: "linux",
      config: { Entrypoint: ["/out"], Labels: { "org.mobyproject.config": "{}", own: "1" } },
    });
    expect(locals[0]?.root.layers[0]?.directory).toBe("/src/agent");
  });

  test("has no network unless the package says so", () => {
    expect(lowered(step()).input.definition.ops).not.toEqual(lowered(step({ network: true })).input.definition.ops);
  });

  test("runs every step again where the package has no cache, and has the same ops", () => {
    const [cached, again] = [step(), step({ disableCache: true })].map((given) => lowered(given).input.definition);
    expect(again?.ops).toEqual(cached?.ops);
    expect([...(again?.metadata.values() ?? [])].map(({ ignoreCache }) => ignoreCache)).toEqual(
      cached?.ops.map(() => true),
    );
    expect([...(again?.metadata.keys() ?? [])]).toEqual(expect.arrayContaining([...(cached?.metadata.keys() ?? [])]));
  });

  test("gives the same bytes again", () => {
    expect(lowered(step()).input.definition.ops).toEqual(lowered(step()).input.definition.ops);
  });

  test("something else than a state is refused", () => {
    const wrong = createPackage({ directory: "/src/agent", image: "agent", recipe });
    const given = {
      ...step(),
      package: { ...wrong, source: { kind: "recipe", recipe: () => JSON.parse("null") } },
    } as const;
    expect(() => lowerStep(given)).toThrowError(expect.objectContaining({ code: "PLAN_RECIPE_INVALID" }));
  });
});

describe("recipeFingerprint", () => {
  const source = (given: BuildStep) => {
    if (given.package.source.kind !== "recipe") throw new Error("a recipe");
    return recipeFingerprint(given, callForFingerprint(given, given.package.source));
  };

  test("does not depend on where it is built, or where the directory lies", () => {
    expect(source(step({ directory: "/elsewhere" }, "linux/arm64"))).toEqual(source(step()));
  });

  test("depends on what the recipe does", () => {
    const other: Recipe = (context) => recipe(context).env("A", "1");
    expect(source(step({ recipe: other }))).not.toEqual(source(step()));
  });
});
