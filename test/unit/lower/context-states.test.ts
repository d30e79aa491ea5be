import { describe, expect, test } from "vitest";
import { parsePlatform } from "../../../sdk/core/platform.ts";
import { llb } from "../../../sdk/llb/index.ts";
import type { BuildStep } from "../../../sdk/lower/build-step.ts";
import { callStep, lowerJob, lowerStep } from "../../../sdk/lower/lowering.ts";
import { createPackage } from "../../../sdk/pkg/create-package.ts";
import type { NamedContext, Recipe } from "../../../sdk/pkg/package.ts";
import { withSettings } from "../../../sdk/pkg/settings.ts";

const linux = parsePlatform("linux/amd64");

function stepWith(contexts: Readonly<Record<string, Recipe>>, frontend?: string): BuildStep {
  const bare = createPackage({ directory: "/src/init", image: "init", ...(frontend ? { frontend } : {}) });
  const named = Object.entries(contexts).map(([name, recipe]): [string, NamedContext] => [
    name,
    { kind: "recipe", recipe },
  ]);
  return {
    ...{ title: "init", platform: linux, buildPlatform: linux, buildArgs: {}, labels: {}, sandboxNetwork: "sandbox" },
    package: withSettings(bare, { contexts: Object.fromEntries(named) }),
  };
}

function inputOf(step: BuildStep) {
  const { input } = lowerStep(step);
  if (input.kind !== "frontend") throw new Error("a Dockerfile goes to a frontend");
  return input;
}

describe("states as contexts of a Dockerfile", () => {
  test("go to the frontend as inputs, with their config", () => {
    const { options, inputs } = inputOf(stepWith({ base: () => llb.scratch().mkfile("/a", "a").env({ A: "1" }) }));
    expect(options["context:base"]).toBe("input:named-base");
    const metadata: Readonly<Record<string, string>> = JSON.parse(options["input-metadata:named-base"] ?? "");
    const config: unknown = JSON.parse(Buffer.from(metadata["containerimage.config"] ?? "", "base64").toString("utf8"));
    expect(config).toMatchObject({ architecture: "amd64", config: { Env: expect.arrayContaining(["A=1"]) } });
    expect(inputs?.["named-base"]?.ops).toHaveLength(2);
  });

  test("a frontend in an image finds them by name", () => {
    const { options, inputs } = inputOf(stepWith({ base: () => llb.scratch().mkfile("/a", "a") }, "acme/frontend:1"));
    expect(options["context:base"]).toBe("input:base");
    expect(Object.keys(inputs ?? {})).toEqual(["base"]);
  });

  test("are made once for a step, and know what they need", () => {
    let calls = 0;
    const recipe: Recipe = ({ context }) => {
      calls += 1;
      return llb.dockerfile("tools").copy(context("."), "/");
    };
    const step = callStep(stepWith({ tools: recipe }));
    lowerStep(step);
    const served = lowerJob(step).locals.map(({ root }) => root.layers[0]?.directory);
    expect(new Set(served)).toEqual(new Set(["/src/init", "/src/init/tools"]));
    expect(step.made?.deferred.frontends).toHaveLength(1);
    expect(calls).toBe(1);
  });

  test("without them nothing is called", () => {
    expect(callStep(stepWith({}))).not.toHaveProperty("made");
    expect(inputOf(stepWith({}))).not.toHaveProperty("inputs");
  });
});
