import { describe, expect, test } from "vitest";
import type { GitFacts } from "../../../sdk/core/git-facts.ts";
import { parseBuildArg, presetBuildArgs } from "../../../sdk/pkg/build-args.ts";
import { createPackage } from "../../../sdk/pkg/create-package.ts";
import { imageLabels } from "../../../sdk/pkg/image-labels.ts";
import { canonicalReference } from "../../../sdk/pkg/name.ts";
import { withSettings } from "../../../sdk/pkg/settings.ts";

const clean: GitFacts = {
  inGit: true,
  treeHash: "t",
  extraTreeHashes: [],
  dirty: false,
  revision: "r",
  goPackageVersion: "v0.0.0-1-r",
};
const outside: GitFacts = { inGit: false, extraTreeHashes: [], dirty: false };

describe("createPackage", () => {
  test("LinuxKit's defaults, frozen", () => {
    const pkg = createPackage({ directory: "/pkg/", image: "demo" });
    expect(pkg).toMatchObject({
      directory: "/pkg",
      origin: { loader: "dockerfile" },
      org: "linuxkit",
      tag: "{{.Hash}}",
      source: { kind: "dockerfile", dockerfile: "Dockerfile", ignoreFiles: true },
      gitrepo: "",
      network: false,
    });
    expect(pkg.platforms.map((platform) => platform.architecture)).toEqual(["amd64", "arm64", "riscv64"]);
    expect(Object.isFrozen(pkg)).toBe(true);
    expect(Object.isFrozen(pkg.platforms)).toBe(true);
  });

  test("a recipe is kept, config becomes the label's text, sources count from the directory", () => {
    const recipe = () => {
      throw new TypeError("not called here");
    };
    const pkg = createPackage({
      directory: "/repo/pkg",
      image: "demo",
      recipe,
      platforms: ["linux/arm64/v8", "linux/arm64", "linux/amd64"],
      config: { capabilities: ["CAP_NET_ADMIN"] },
      extraSources: [{ source: "../common", destination: "/vendor/" }],
      buildArgs: { A: "1" },
    });
    expect(pkg.source).toEqual({ kind: "recipe", recipe });
    expect(pkg.platforms.map((platform) => platform.architecture)).toEqual(["arm64", "amd64"]);
    expect(pkg.configLabel).toBe('{"capabilities":["CAP_NET_ADMIN"]}');
    expect(pkg.extraSources).toEqual([{ directory: "/repo/common", destination: "vendor" }]);
    expect(pkg.buildArgs).toEqual([{ name: "A", value: "1", inTree: false }]);
  });

  test.each([
    [{ image: "" }, "INPUT_OPTION_INVALID"],
    [{ directory: "relative" }, "INPUT_OPTION_INVALID"],
    [{ dockerfile: "../Dockerfile" }, "INPUT_OPTION_INVALID"],
    [{ dockerfile: "/Dockerfile" }, "INPUT_OPTION_INVALID"],
    [{ hash: { hashPath: "/elsewhere" } }, "INPUT_OPTION_INVALID"],
    [{ platforms: ["arm64"] }, "INPUT_PLATFORM_INVALID"],
    [{ config: { unknown: 1 } }, "INPUT_FIELD_UNKNOWN"],
    [{ extraSources: [{ source: "x", destination: "../x" }] }, "INPUT_SOURCE_MISSING"],
  ])("%j is refused", (init, code) => {
    expect(() => createPackage({ directory: "/pkg", image: "demo", ...init })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe("withSettings", () => {
  const pkg = createPackage({ directory: "/pkg", image: "demo", buildArgs: { A: "1", B: "2" }, labels: { x: "1" } });

  test("gives a new value and leaves the old one", () => {
    const changed = withSettings(pkg, {
      org: "acme",
      tag: "v1",
      platforms: ["linux/riscv64"],
      network: true,
      target: "final",
      buildArgs: { A: "3", C: "4" },
      labels: { y: "2" },
      config: { binds: [] },
    });
    expect(changed).toMatchObject({
      org: "acme",
      image: "demo",
      tag: "v1",
      network: true,
      configLabel: '{"binds":[]}',
    });
    expect(changed.source).toMatchObject({ target: "final", dockerfile: "Dockerfile" });
    expect(changed.buildArgs.map(({ name, value }) => `${name}=${value}`)).toEqual(["B=2", "A=3", "C=4"]);
    expect(changed.labels).toEqual({ x: "1", y: "2" });
    expect(pkg.org).toBe("linuxkit");
    expect(Object.isFrozen(changed.buildArgs)).toBe(true);
  });

  test("nothing set is nothing changed", () => {
    expect(withSettings(pkg, {})).toEqual(pkg);
  });

  test("settings are checked", () => {
    expect(() => withSettings(pkg, { dockerfile: "a/../b" })).toThrow(
      expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
    );
  });
});

describe("build args and labels", () => {
  const pkg = {
    org: "acme",
    image: "demo",
    gitrepo: "https://git.example/acme",
    labels: { mine: "1" },
    configLabel: "{}",
  };

  test("K=V is split at the first =, and nothing is trimmed", () => {
    expect(parseBuildArg(" K = a=b ", { inTree: true })).toEqual({ name: " K ", value: " a=b ", inTree: true });
    expect(() => parseBuildArg("K", { inTree: true })).toThrow(
      expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
    );
  });

  test("presets: clean, dirty, outside git", () => {
    expect(presetBuildArgs(pkg, clean, "h")).toEqual({
      SOURCE: "https://git.example/acme",
      REVISION: "r",
      GOPKGVERSION: "v0.0.0-1-r",
      PKG_HASH: "h",
      PKG_IMAGE: "acme/demo",
    });
    expect(Object.keys(presetBuildArgs(pkg, { ...clean, dirty: true }, "h"))).not.toContain("REVISION");
    expect(presetBuildArgs({ ...pkg, gitrepo: "" }, outside, "")).toEqual({ PKG_IMAGE: "acme/demo" });
  });

  test("labels: clean, dirty, outside git", () => {
    const tool = { version: "1.0.0", revision: "unknown" };
    const always = {
      "org.mobyproject.config": "{}",
      "org.mobyproject.linuxkit.version": "1.0.0",
      "org.mobyproject.linuxkit.revision": "unknown",
      mine: "1",
    };
    const source = { "org.opencontainers.image.source": "https://git.example/acme" };
    expect(imageLabels(pkg, clean, tool)).toEqual({ ...always, ...source, "org.opencontainers.image.revision": "r" });
    expect(imageLabels(pkg, { ...clean, dirty: true }, tool)).toEqual({ ...always, ...source });
    expect(imageLabels(pkg, outside, tool)).toEqual(always);
  });
});

test.each([
  ["alpine:1", "docker.io/library/alpine:1"],
  ["linuxkit/init:1", "docker.io/linuxkit/init:1"],
  ["localhost/init:1", "localhost/init:1"],
  ["registry.example/init:1", "registry.example/init:1"],
  ["host:5000/init:1", "host:5000/init:1"],
  ["org/team/init:1", "org/team/init:1"],
])("canonical form of %s", (reference, expected) => {
  expect(canonicalReference(reference)).toBe(expected);
});
