import { describe, expect, test } from "vitest";
import { parsePlatform } from "../../../sdk/core/platform.ts";
import type { BuildStep } from "../../../sdk/lower/build-step.ts";
import { lowerStep } from "../../../sdk/lower/lowering.ts";
import { createPackage, type PackageInit } from "../../../sdk/pkg/create-package.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");

function step(init: Partial<PackageInit>, overrides: Partial<BuildStep> = {}): BuildStep {
  return {
    title: "acme/init linux/arm64",
    package: createPackage({ directory: "/src/init", org: "acme", image: "init", ...init }),
    platform: arm64,
    buildPlatform: amd64,
    buildArgs: { PKG_HASH: "abc" },
    labels: { a: "b" },
    sandboxNetwork: "sandbox",
    ...overrides,
  };
}

function options(init: Partial<PackageInit>, overrides: Partial<BuildStep> = {}): Readonly<Record<string, string>> {
  const { input } = lowerStep(step(init, overrides));
  if (input.kind !== "frontend") throw new Error("a Dockerfile goes to a frontend");
  return input.options;
}

describe("lowering a Dockerfile package", () => {
  test("asks the dockerfile frontend, with args, labels and no network", () => {
    const { contextkey, dockerfilekey, ...rest } = options({});
    expect(rest).toEqual({
      platform: "linux/arm64",
      filename: "Dockerfile",
      "force-network-mode": "none",
      "build-arg:PKG_HASH": "abc",
      "label:a": "b",
    });
    expect(contextkey).toMatch(/^context-[0-9a-f]{16}$/);
    expect(dockerfilekey).toMatch(/^dockerfile-[0-9a-f]{16}$/);
  });

  test("passes target, Dockerfile and no-cache on", () => {
    expect(options({ target: "out", dockerfile: "sub/Dockerfile.x", disableCache: true })).toMatchObject({
      target: "out",
      filename: "sub/Dockerfile.x",
      "no-cache": "",
    });
  });

  test.each([
    ["sandbox", []],
    ["host", ["network.host"]],
  ] as const)("a network is the engine's: %s", (sandboxNetwork, entitlements) => {
    const wanted = step({ network: true }, { sandboxNetwork });
    expect(options({ network: true }, { sandboxNetwork })["force-network-mode"]).toBe(sandboxNetwork);
    expect(lowerStep(wanted).entitlements).toEqual(entitlements);
  });

  test("extra sources are layers of one virtual root, and the Dockerfile is the package's own", () => {
    const { locals } = lowerStep(step({ extraSources: [{ source: "../common", destination: "vendor" }] }));
    expect(locals.map((local) => local.root.layers)).toEqual([
      [
        { directory: "/src/init", prefix: "" },
        { directory: "/src/common", prefix: "vendor" },
      ],
      [{ directory: "/src/init", prefix: "" }],
    ]);
  });

  test("two directories never share a name in the daemon, one directory keeps its own", () => {
    const name = (directory: string) => lowerStep(step({ directory })).locals[0]?.name;
    expect(name("/src/one")).toBe(name("/src/one"));
    expect(name("/src/one")).not.toBe(name("/src/two"));
  });

  describe("a small directory", () => {
    const small = (init: Partial<PackageInit>, overrides: Partial<BuildStep> = {}) =>
      lowerStep(step({ ignoreFiles: false, ...init }, { isSmallContext: true, ...overrides }));
    const inputs = (request: ReturnType<typeof small>) =>
      request.input.kind === "frontend" ? Object.keys(request.input.inputs ?? {}) : [];

    test("goes over as a whole, with the Dockerfile, and from the session of the build", () => {
      const { input, locals } = small({}, { sessionId: "session-1" });
      if (input.kind !== "frontend") throw new Error("a Dockerfile goes to a frontend");
      const { context, dockerfile } = input.inputs ?? {};
      expect(context).toEqual(dockerfile);
      expect(Buffer.concat([...(context?.ops ?? [])]).toString()).toContain("session-1");
      expect(input.options).not.toHaveProperty("contextkey");
      expect(input.options).not.toHaveProperty("dockerfilekey");
      // For frontends that ask for directories all the same.
      expect(locals.map(({ name }) => name.replace(/-.*/, ""))).toEqual(["context", "dockerfile"]);
    });

    test.each<[string, Partial<PackageInit>]>([
      ["has ignore files", { ignoreFiles: true }],
      ["is not all of the context", { extraSources: [{ source: "../common", destination: "vendor" }] }],
      ["is for another frontend", { frontend: { image: "docker/dockerfile:1", options: {} } }],
      ["is for a frontend that is named", { dockerfileOptions: { syntax: "docker/dockerfile:1" } }],
    ])("that %s goes over bit by bit", (_, init) => {
      expect(inputs(small(init))).toEqual([]);
    });

    test("that is attested goes over bit by bit: a provenance would tell it as another build's", () => {
      const wanted = step({ ignoreFiles: false }, { isSmallContext: true });
      const attested = { ...wanted, package: { ...wanted.package, attest: { provenance: "min" } as const } };
      expect(inputs(lowerStep(attested))).toEqual([]);
    });

    test("is nothing but a directory where it is large", () => {
      expect(inputs(small({}, { isSmallContext: false }))).toEqual([]);
    });
  });
});
