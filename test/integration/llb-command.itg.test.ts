import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeDefinition, llb, marshal } from "../../sdk/llb/index.ts";
import { buildGraph } from "../engines/llb-oracle/graph.ts";
import { randomGraph } from "../engines/llb-oracle/random-graph.ts";
import { testTools } from "../engines/test-tools.ts";

const MAIN = fileURLToPath(new URL("../../sdk/cli/main.ts", import.meta.url));
const LOADER = ["--conditions=kitsmith-source", "--import", import.meta.resolve("tsx")];
/** buildctl's JSON lacks this action. */
const BUILDCTL_FORGETS = '"symlink"';

const { buildctl } = testTools();
const kitsmith = (args: readonly string[], input: Uint8Array) =>
  execa(process.execPath, [...LOADER, MAIN, ...args], { input, reject: false, stripFinalNewline: false });

/** Many graphs in one definition, so that a process is started once for all of them. */
function largeDefinition(): Uint8Array {
  const graphs = Array.from({ length: 300 }, (_, seed) => randomGraph(20_000 + seed)).filter(
    ({ nodes }) => !JSON.stringify(nodes).includes(BUILDCTL_FORGETS),
  );
  const results = graphs.map((graph) => buildGraph(graph)).filter(({ output }) => output !== undefined);
  expect(results.length).toBeGreaterThan(100);
  return encodeDefinition(marshal(llb.merge(results), { platform: "linux/arm64" }));
}

const DEFINITIONS: readonly (readonly [string, () => Uint8Array])[] = [
  ["a recipe", () => encodeDefinition(marshal(recipe(), { platform: "linux/amd64", sourceRoot: import.meta.dirname }))],
  ["hundreds of random graphs", largeDefinition],
  ["scratch", () => encodeDefinition(marshal(llb.scratch(), { platform: "linux/amd64" }))],
];

function recipe() {
  const build = llb
    .image("golang:1.26", { platform: "linux/arm64" })
    .copy(llb.local("context"), "/src")
    .run('go build -o "/out/é <b>&\t\\"', { mounts: [llb.cacheMount("/root/.cache")], name: "compile" });
  return llb.scratch().copy(build.path("/out"), "/usr/bin").mkdir("/etc");
}

describe.each(DEFINITIONS)("%s", (_, make) => {
  test.each([
    ["dump", ["debug", "dump-llb"]],
    ["dot", ["debug", "dump-llb", "--dot"]],
  ])("is printed by llb %s as buildctl prints it", async (command, args) => {
    const input = make();
    const [ours, theirs] = await Promise.all([
      kitsmith(["llb", command], input),
      execa(buildctl, args, { input, stripFinalNewline: false }),
    ]);
    expect(ours.stderr).toBe("");
    expect(ours.stdout).toBe(theirs.stdout);
    expect(ours.exitCode).toBe(0);
  });
});

test("a reader that has had enough is no failure", async () => {
  const child = kitsmith(["llb", "dump"], largeDefinition());
  child.stdout.once("data", () => child.stdout.destroy());
  const { exitCode, stderr } = await child;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
});

describe("what is no definition", () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "kitsmith-llb-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test("is refused", async () => {
    const { exitCode, stdout, stderr } = await kitsmith(["llb", "dump"], Buffer.from("not a definition"));
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toContain("LLB_DECODE_FAILED");
  });

  test("is a file that is not there; one that is, is read", async () => {
    const file = join(directory, "definition");
    const missing = await kitsmith(["llb", "dot", file], Buffer.alloc(0));
    expect(missing.stderr).toContain("INPUT_SOURCE_UNREADABLE");
    await writeFile(file, encodeDefinition(marshal(recipe(), { platform: "linux/amd64" })));
    const { stdout } = await kitsmith(["llb", "dot", file], Buffer.alloc(0));
    expect(stdout).toMatch(/^digraph \{\n.*golang/s);
  });
});
