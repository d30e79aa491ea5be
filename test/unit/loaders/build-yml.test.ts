import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../../sdk/core/errors.ts";
import { parseBuildYml } from "../../../sdk/loaders/build-yml.ts";
import type { LoadOptions } from "../../../sdk/loaders/load-options.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "kitsmith-loaders-"));
  mkdirSync(join(directory, "pkg/images"), { recursive: true });
  mkdirSync(join(directory, "common"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const origin = () => ({ file: join(directory, "pkg/build.yml"), directory: join(directory, "pkg") });
const parse = (text: string, options: LoadOptions = {}) => parseBuildYml(text, origin(), options);
const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

function failure(text: string): InputError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof InputError) return error;
  }
  throw new TypeError("the file was accepted");
}

describe("fields", () => {
  test("defaults", () => {
    expect(parse("image: demo\n")).toMatchObject({
      origin: { loader: "build.yml", file: origin().file },
      org: "linuxkit",
      image: "demo",
      tag: "{{.Hash}}",
      source: { kind: "dockerfile", dockerfile: "Dockerfile", ignoreFiles: false },
      extraSources: [],
      gitrepo: "https://github.com/linuxkit/linuxkit",
      network: false,
      disableCache: false,
      buildArgs: [],
    });
    const { platforms, configLabel } = parse("image: demo\n");
    expect(platforms.map(({ os, architecture }) => `${os}/${architecture}`)).toEqual([
      "linux/amd64",
      "linux/arm64",
      "linux/riscv64",
    ]);
    expect(configLabel).toBeUndefined();
  });

  test("every field", () => {
    const pkg = parse(`image: demo
org: registry.example/team
tag: v1-{{.Hash}}
dockerfile: sub/Dockerfile
arches: [amd64]
extra-sources:
  - ../common:/src/common
gitrepo: https://git.example/x
network: yes
disable-cache: true
config:
  binds: [/a:/a]
buildArgs:
  - A=1
  - "B=x=y"
depends:
  docker-images:
    target-dir: images
    list: [linuxkit/alpine@${DIGEST}]
`);
    expect(pkg).toMatchObject({
      org: "registry.example/team",
      tag: "v1-{{.Hash}}",
      source: { dockerfile: "sub/Dockerfile" },
      platforms: [{ os: "linux", architecture: "amd64" }],
      extraSources: [
        { directory: join(directory, "common"), destination: "src/common", location: { line: 7, column: 5 } },
      ],
      gitrepo: "https://git.example/x",
      network: true,
      disableCache: true,
      configLabel: '{"binds":["/a:/a"]}',
      buildArgs: [
        { name: "A", value: "1", inTree: true, location: { line: 14, column: 5 } },
        { name: "B", value: "x=y", inTree: true, location: { line: 15, column: 5 } },
      ],
      dependsImages: { images: [`linuxkit/alpine@${DIGEST}`], targetDirectory: "images" },
    });
    expect(Object.isFrozen(pkg.buildArgs[0])).toBe(true);
  });

  test("null leaves the default of a scalar and empties a list", () => {
    const pkg = parse(
      "image: demo\norg: ~\narches:\nnetwork: null\nbuildArgs:\nextra-sources:\nconfig:\ndepends:\ntag: ''\n",
    );
    expect(pkg).toMatchObject({ org: "linuxkit", platforms: [], network: false, buildArgs: [], tag: "{{.Hash}}" });
    expect(pkg.configLabel).toBeUndefined();
  });

  test.each([
    ["123", "123"],
    ["1.10", "1.10"],
    ["0666", "0666"],
    ["12:30:45", "12:30:45"],
    ["yes", "yes"],
    ["'single ''quoted'''", "single 'quoted'"],
    ['"esc\\u00e9"', "escé"],
    ["a b # comment", "a b"],
    ["|\n  block", "block\n"],
    ["!!str 5", "5"],
  ])("text %j keeps its source text", (written, expected) => {
    expect(parse(`image: ${written}\n`).image).toBe(expected);
  });

  test.each([
    ["true", true],
    ["True", true],
    ["TRUE", true],
    ["on", true],
    ["Y", true],
    ['"yes"', true],
    ["off", false],
    ["'No'", false],
    ["False", false],
  ])("boolean %s", (written, expected) => {
    expect(parse(`image: a\nnetwork: ${written}\n`).network).toBe(expected);
  });

  test("anchors, merges, flow style and a byte order mark; later documents are not read", () => {
    expect(parse("image: &x demo\norg: *x\n")).toMatchObject({ image: "demo", org: "demo" });
    expect(parse("<<: [{image: a}, {image: b, org: c}]\ntag: t\n")).toMatchObject({ image: "a", org: "c", tag: "t" });
    expect(parse("\ufeff{image: a, org: b,}\n")).toMatchObject({ image: "a", org: "b" });
    expect(parse("image: a\n---\nunknown: [\n")).toMatchObject({ image: "a" });
  });

  test("options win over the file", () => {
    const options = { org: "o", network: false, disableCache: true, tag: "t", dockerfile: "Other" };
    expect(parse("image: a\norg: b\nnetwork: true\ntag: c\n", options)).toMatchObject({
      org: "o",
      network: false,
      disableCache: true,
      tag: "t",
      source: { dockerfile: "Other" },
    });
    expect(parse("image: a\n", { hash: { dev: true }, user: "me" })).toMatchObject({
      org: "me",
      hash: { hash: "dev" },
    });
  });
});

describe("the label of config", () => {
  test.each([
    ["{}", "{}"],
    [
      "{uid: 0100, gid: 0x10, additionalGids: [1, '2', wheel, 0o17, 1_000, 08]}",
      '{"uid":64,"gid":16,"additionalGids":[1,"2","wheel",15,1000,8]}',
    ],
    ["{uid: '100', oomScoreAdj: -500}", '{"uid":"100","oomScoreAdj":-500}'],
    ["{oomScoreAdj: 1e3}", '{"oomScoreAdj":1000}'],
    [
      "{devices: [{path: all, type: b}, {path: /x, type: c, mode: 0666}]}",
      '{"devices":[{"path":"all","type":"b","major":0,"minor":0},{"path":"/x","type":"c","major":0,"minor":0,"mode":"0666"}]}',
    ],
    [
      "{mounts: [{destination: /a, uidmappings: [{hostid: 1, containerid: 2, size: 3}]}, ~]}",
      '{"mounts":[{"destination":"/a","uidMappings":[{"containerID":2,"hostID":1,"size":3}]}]}',
    ],
    [
      "{resources: {memory: {kerneltcp: 1, disableoomkiller: no}, blockio: {weightdevice: [{linuxblockiodevice: {major: 8}}]}}}",
      '{"resources":{"memory":{"kernelTCP":1,"disableOOMKiller":false},"blockIO":{"weightDevice":[{"major":8,"minor":0}]}}}',
    ],
    ["{sysctl: {b: ~, a: 1.50}, annotations: {}}", '{"sysctl":{"a":"1.50","b":""},"annotations":{}}'],
    [
      "{binds: ~, binds.add: [], cwd: ~, readonly: false, cgroupsPath: ''}",
      '{"binds.add":[],"readonly":false,"cgroupsPath":""}',
    ],
    [
      "{command: [sh, -c, 'a && b'], hostname: 010, net: 1.0}",
      '{"command":["sh","-c","a \\u0026\\u0026 b"],"net":"1.0","hostname":"010"}',
    ],
    ["{runtime: {bindNS: ~}}", '{"runtime":{"bindNS":{}}}'],
  ])("%s", (config, expected) => {
    expect(parse(`image: a\nconfig: ${config}\n`).configLabel).toBe(expected);
  });
});

describe("what is wrong, with its place", () => {
  test.each([
    ["", "INPUT_YAML_INVALID", 1, 1],
    ["# only a comment\n", "INPUT_YAML_INVALID", 1, 1],
    ["~\n", "INPUT_YAML_INVALID", 1, 1],
    ["- a\n", "INPUT_YAML_INVALID", 1, 1],
    ["image: ''\n", "INPUT_YAML_INVALID", 1, 1],
    ["org: a\n", "INPUT_YAML_INVALID", 1, 1],
    ["image: a\nnetwork: 1\n", "INPUT_YAML_INVALID", 2, 10],
    ['image: a\nnetwork: "true"\n', "INPUT_YAML_INVALID", 2, 10],
    ["image: [a]\n", "INPUT_YAML_INVALID", 1, 8],
    ["image: a\narches: amd64\n", "INPUT_YAML_INVALID", 2, 9],
    ["image: a\n\ttab: x\n", "INPUT_YAML_INVALID", 2, 1],
    ["image: a\nimage: b\n", "INPUT_YAML_INVALID", 2, 1],
    ['image: "open\n', "INPUT_YAML_INVALID", 2, 1],
    ["image: a\norg: *nowhere\n", "INPUT_YAML_INVALID", 2, 6],
    ["image: a\narches: &x [*x]\n", "INPUT_YAML_INVALID", 2, 13],
    ["image: a\n<<: text\n", "INPUT_YAML_INVALID", 2, 1],
    ["image: a\n? [b]\n: c\n", "INPUT_YAML_INVALID", 2, 3],
    ["image: a\nconfig:\n  uidMappings:\n  - hostID: 1\n", "INPUT_FIELD_UNKNOWN", 4, 5],
    ["image: a\ndepends: {docker-images: {lists: []}}\n", "INPUT_FIELD_UNKNOWN", 2, 27],
    ["image: a\nconfig: {oomScoreAdj: '5'}\n", "INPUT_YAML_INVALID", 2, 23],
    ["image: a\nconfig: {uid: true}\n", "INPUT_YAML_INVALID", 2, 15],
    ["image: a\narches: ['']\n", "INPUT_PLATFORM_INVALID", 2, 10],
    ["image: a\nbuildArgs: [A]\n", "INPUT_OPTION_INVALID", 2, 13],
    ["image: a\ndockerfile: ../x\n", "INPUT_OPTION_INVALID", 2, 13],
    ["image: a\nextra-sources: [a:b:c]\n", "INPUT_OPTION_INVALID", 2, 17],
    ["image: a\nextra-sources:\n  - ../nowhere:x\n", "INPUT_SOURCE_MISSING", 3, 5],
    ["image: a\nextra-sources:\n  - ../common:../x\n", "INPUT_SOURCE_MISSING", 3, 5],
    ["image: a\ndepends: {docker-images: {list: [alpine]}}\n", "INPUT_REFERENCE_INVALID", 2, 26],
    [`image: a\ndepends: {docker-images: {list: ["alpine@${DIGEST}"]}}\n`, "INPUT_REFERENCE_INVALID", 2, 26],
    ["image: a\ndepends: {docker-images: {list: ['a/b@sha256:12']}}\n", "INPUT_REFERENCE_INVALID", 2, 26],
    ["image: a\ndepends: {docker-images: {target: a, target-dir: b}}\n", "INPUT_OPTION_INVALID", 2, 26],
    ["image: a\ndepends: {docker-images: {from-file: a, list: [b]}}\n", "INPUT_OPTION_INVALID", 2, 26],
    ["image: a\ndepends: {docker-images: {target: ../x}}\n", "INPUT_SOURCE_MISSING", 2, 26],
    ["image: a\ndepends: {docker-images: {target: .}}\n", "INPUT_SOURCE_MISSING", 2, 26],
    ["image: a\ndepends: {docker-images: {target-dir: /x}}\n", "INPUT_SOURCE_MISSING", 2, 26],
    ["[".repeat(200_000), "INPUT_YAML_INVALID", 1, 1],
    ["- ".repeat(20_000), "INPUT_YAML_INVALID", 1, 1],
    ["{a: ".repeat(20_000), "INPUT_YAML_INVALID", 1, 1],
  ])("%j", (text, code, line, column) => {
    const error = failure(text);
    expect(error.code).toBe(code);
    expect(error.location).toMatchObject({ file: origin().file, line, column });
  });

  test.each([
    ["buildArg: []", '"buildArgs"'],
    ["Image: x", '"image"'],
    ["config: {capabilites: []}", '"capabilities"'],
    ["config: {uidMappings: [{hostID: 1}]}", '"hostid"'],
    ["disable-content-trust: true", "disable-content-trust"],
    ["something-else-entirely: 1", "extra-sources"],
  ])("%s has a hint", (line, hint) => {
    const error = failure(`image: a\n${line}\n`);
    expect(error.code).toBe("INPUT_FIELD_UNKNOWN");
    expect(error.hint).toContain(hint);
  });

  test("all problems of a file are in one error, in the order of the file", () => {
    const error = failure("nope: 1\nimage: a\nimage: b\nnetwork: 3\nconfig:\n  uid: [1]\n  binds: x\n  wrong: 1\n");
    expect(error.code).toBe("INPUT_FIELD_UNKNOWN");
    expect(error.location).toEqual({ file: origin().file, line: 1, column: 1 });
    expect(error.details.problems).toMatchObject([
      { code: "INPUT_FIELD_UNKNOWN", location: { line: 1 } },
      { code: "INPUT_YAML_INVALID", location: { line: 3 } },
      { code: "INPUT_YAML_INVALID", location: { line: 4 } },
      { code: "INPUT_YAML_INVALID", location: { line: 6 } },
      { code: "INPUT_YAML_INVALID", location: { line: 7 } },
      { code: "INPUT_FIELD_UNKNOWN", location: { line: 8 } },
    ]);
    expect(error.message.split("\n")).toHaveLength(6);
    const semantic = failure("buildArgs: [A]\ndockerfile: ..\nextra-sources: [x]\n");
    expect(semantic.details.problems).toHaveLength(4);
  });

  test("aliases that multiply are refused before they fill the memory", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 9; level += 1) {
      const previous = Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ");
      lines.push(`a${level}: &a${level} [${previous}]`);
    }
    expect(failure(lines.join("\n")).code).toMatch(/^INPUT_/);
  });
});

describe("depends.docker-images.from-file", () => {
  test("one image per line; only empty lines and # in the first column are left out", () => {
    writeFileSync(
      join(directory, "pkg/images.txt"),
      `# comment\r\n\nlinuxkit/a@${DIGEST}\r\nhost:5000/b:1@${DIGEST}\n`,
    );
    const pkg = parse("image: a\ndepends: {docker-images: {from-file: images.txt, target: images/all.tar}}\n");
    expect(pkg.dependsImages).toEqual({
      images: [`linuxkit/a@${DIGEST}`, `host:5000/b:1@${DIGEST}`],
      target: "images/all.tar",
    });
  });

  test("a bad line is named by its own place, a missing file by its name", () => {
    writeFileSync(join(directory, "pkg/images.txt"), "# comment\n  # indented\n");
    const bad = failure("image: a\ndepends: {docker-images: {from-file: images.txt}}\n");
    expect(bad).toMatchObject({
      code: "INPUT_REFERENCE_INVALID",
      location: { file: join(directory, "pkg/images.txt"), line: 2 },
    });
    const missing = failure("image: a\ndepends: {docker-images: {from-file: nowhere.txt}}\n");
    expect(missing).toMatchObject({
      code: "INPUT_SOURCE_MISSING",
      location: { file: join(directory, "pkg/nowhere.txt") },
    });
  });
});
