import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPackedProject, type PackedProject } from "./packed-project.ts";

const MiB = 1024 * 1024;
const MAX_PACKED_BYTES = 2 * MiB;
const MAX_UNPACKED_BYTES = 8 * MiB;
const MAX_PROGRAM_BYTES = 2 * MiB;

let project: PackedProject;
let bare: PackedProject;

beforeAll(() => {
  project = createPackedProject({ dependencies: true });
  bare = createPackedProject({ dependencies: false });
});

afterAll(() => {
  project[Symbol.dispose]();
  bare[Symbol.dispose]();
});

function entryPoints(): string[] {
  return Object.keys(project.manifest.exports).filter((entry) => entry !== "./package.json");
}

test("every entry point can be imported, and gives something", () => {
  expect(entryPoints()).toContain(".");
  for (const entry of entryPoints()) {
    const name = entry.replace(".", "kitsmith");
    const names: unknown = JSON.parse(
      project.run(`console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(name)}))))`),
    );
    expect(names, name).not.toEqual([]);
  }
});

test("every file that an entry point names is in the package", () => {
  for (const target of Object.values(project.manifest.exports)) {
    for (const file of typeof target === "string" ? [target] : Object.values(target)) {
      expect(existsSync(join(project.packageDirectory, file)), file).toBe(true);
    }
  }
});

test("the public API and the build language load without a dependency, so that what does not build pays for none", () => {
  expect(bare.run('import { pkg } from "kitsmith"; console.log(typeof pkg)')).toBe("function\n");
  expect(bare.run('import { llb } from "kitsmith/llb"; console.log(typeof llb.scratch)')).toBe("function\n");
});

test.each([
  ["as it runs", []],
  ["through source maps", ["--enable-source-maps"]],
])("steps of a recipe are known by the line of the script that made them, %s", (_, flags) => {
  const lines = [
    'import { pkg, llb } from "kitsmith";',
    "const recipe = ({ context }) =>",
    '  llb.image("base").copy(context("sub"), "/")',
    '    .run("true");',
    'const one = pkg({ directory: import.meta.dirname, org: "a", image: "b", recipe }).hash({ hash: "x" });',
    'const { source } = await one.toLLB("linux/amd64");',
    "const places = [...source.locations.values()].flat();",
    "const made = places.map(({ fileIndex, ranges }) => [source.files[fileIndex].filename, ranges[0].start.line]);",
    "console.log(JSON.stringify(made));",
  ];
  writeFileSync(join(project.directory, "recipe.mjs"), lines.join("\n"));
  const printed = execFileSync(process.execPath, [...flags, join(project.directory, "recipe.mjs")], {
    encoding: "utf8",
    cwd: project.directory,
  });
  const places: readonly (readonly [string, number])[] = JSON.parse(printed);
  expect(new Set(places.map(([file]) => file))).toEqual(new Set(["recipe.mjs"]));
  expect(new Set(places.map(([, line]) => line))).toEqual(new Set([3, 4]));
});

test("the program is one executable file that needs nothing beside itself", () => {
  const program = join(bare.packageDirectory, "dist/cli.js");
  accessSync(program, constants.X_OK);
  expect(readFileSync(program, "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
  expect(statSync(program).size).toBeLessThan(MAX_PROGRAM_BYTES);
  const version = execFileSync(program, ["--version"], { encoding: "utf8", cwd: bare.directory });
  expect(version).toContain(bare.manifest.version);
});

test("the package holds what a user needs, and no more", () => {
  const files = project.archive.files.map(({ path }) => path);
  for (const file of ["README.md", "LICENSE", "CHANGELOG.md", "dist/index.d.ts", "dist/index.js.map"]) {
    expect(files).toContain(file);
  }
  expect(files.filter((file) => /^(?:test|bench|docs|examples|scripts|\.)/.test(file))).toEqual([]);
  expect(project.archive.size).toBeLessThan(MAX_PACKED_BYTES);
  expect(project.archive.unpackedSize).toBeLessThan(MAX_UNPACKED_BYTES);
});
