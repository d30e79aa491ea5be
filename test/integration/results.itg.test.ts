import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type FluentPackage, llb, pkg, type Recipe } from "kitsmith";
import {
  connectEngine,
  type EngineOutput,
  jobOutputs,
  localOutput,
  ociArchiveOutput,
  platformResults,
  stateInput,
} from "kitsmith/engine";
import type { State } from "kitsmith/llb";
import { describe, expect, inject, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { testTools } from "../engines/test-tools.ts";
import { manifestOf, statementsOf } from "./attestations.ts";
import { KINDS } from "./engine-fixture.ts";
import { useRunBench } from "./run-bench.ts";
import { failureOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const { skopeo } = testTools();
const REPORT = "https://example.com/report/v1";
const WORD = "https://example.com/word/v1";
const DIGEST = digestOf("something else");

/** A root with a file, and beside it what was found out about it. */
const recipe: Recipe = ({ platform }) => {
  const report = llb.scratch().mkfile("/report.json", JSON.stringify({ architecture: platform.architecture }));
  return llb.result(llb.scratch().mkfile("/hello", platform.architecture), {
    annotations: {
      "com.example.plain": "manifest",
      "manifest-descriptor:com.example.entry": platform.architecture,
      "index:com.example.index": "index",
      "index-descriptor:com.example.root": "root",
    },
    attestations: [
      { predicateType: REPORT, predicate: report.path("/report.json") },
      {
        predicateType: WORD,
        predicate: { word: "hello", list: [1, true, null] },
        subjects: [{ name: "other", digests: [DIGEST] }],
        name: "word.json",
      },
    ],
  });
};

describe("a recipe's result", () => {
  const bench = useRunBench("results");
  const open = async (made: Recipe = recipe): Promise<FluentPackage> => {
    const { directory } = await bench.create({ "p/file": "1\n" });
    return pkg({
      ...{ directory: join(directory, "p"), org: `${registry}/${bench.org}`, image: "p", recipe: made },
      platforms: ["linux/amd64", "linux/arm64"],
    }).engines(inject("buildkitAddress"));
  };

  test("has annotations at every level, and attestations, in the registry", async () => {
    const pushed = await (await open()).annotations({ "com.example.package": "p" }).push(bench.options());
    const index = await manifestOf(pushed.reference);
    expect(index.annotations).toEqual({ "com.example.index": "index" });
    const entries = index.manifests.filter(({ platform }) => platform?.architecture !== "unknown");
    expect(entries.map(({ annotations }) => annotations?.["com.example.entry"])).toEqual(["amd64", "arm64"]);
    for (const [platform, { digest }] of Object.entries(pushed.images)) {
      const [, architecture] = platform.split("/");
      const manifest = await manifestOf(`${registry}/${bench.org}/p@${digest}`);
      expect(manifest.annotations).toMatchObject({ "com.example.plain": "manifest", "com.example.package": "p" });
      expect(manifest.annotations).not.toHaveProperty("com.example.index");
      expect(await statementsOf(pushed.reference, digest)).toMatchObject([
        { predicateType: REPORT, predicate: { architecture }, subject: [{ digest: { sha256: digest.slice(7) } }] },
        { predicateType: WORD, predicate: { word: "hello" }, subject: [{ name: "other" }] },
      ]);
    }
  });

  test("is the same in the cache, in an OCI archive, and pushed; another result is another image", async () => {
    const made = await open();
    const built = await made.build(bench.options());
    expect((await made.push({ ...bench.options(), force: true })).digest).toBe(built.digest);

    const dest = join(bench.directory, "p.tar");
    await made.export({ ...bench.options(), type: "oci", dest });
    const { stdout: raw } = await execa(skopeo, ["inspect", "--raw", `oci-archive:${dest}`]);
    expect(JSON.parse(raw)).toMatchObject({ annotations: { "com.example.index": "index" } });
    expect(JSON.parse(raw).manifests).toHaveLength(4);
    const { stdout: list } = await execa("tar", ["-xOf", dest, "index.json"]);
    expect(JSON.parse(list).manifests[0].annotations).toMatchObject({ "com.example.root": "root" });

    const other: Recipe = (context) => llb.result(llb.scratch().mkfile("/hello", context.platform.architecture));
    expect((await failureOf((await open(other)).build(bench.options()))).code).toBe("PLAN_INPUTS_DIFFER");
  });

  test("has its attestations as files where it is exported as files, and docker takes the image", async () => {
    const made = (await open()).platforms("linux/amd64");
    const dest = join(bench.directory, "files");
    await made.export({ ...bench.options(), type: "local", dest });
    expect((await readdir(join(dest, "linux_amd64"))).sort()).toEqual(["hello", "report.json", "word.json"]);
    expect(JSON.parse(await readFile(join(dest, "linux_amd64/report.json"), "utf8"))).toMatchObject({
      predicateType: REPORT,
      subject: [{ name: "hello" }],
      predicate: { architecture: "amd64" },
    });
    const tar = join(bench.directory, "root.tar");
    await made.export({ ...bench.options(), type: "tar", dest: tar });
    const { stdout } = await execa("tar", ["-tf", join(bench.directory, "root-amd64.tar")]);
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(["hello", "word.json"]));
    const docker = join(bench.directory, "docker.tar");
    await made.export({ ...bench.options(), type: "docker", dest: docker });
    const { stdout: config } = await execa(skopeo, [
      "inspect",
      `docker-archive:${join(bench.directory, "docker-amd64.tar")}`,
    ]);
    expect(JSON.parse(config)).toMatchObject({ Architecture: "amd64" });
  });
});

describe.each(KINDS)("one job for several platforms on %s", (kind) => {
  const bench = useRunBench(`maps-${kind}`);

  const made = (state: State, architecture: string) =>
    llb.result(state, {
      annotations: {
        "com.example.word": architecture,
        "manifest-descriptor:com.example.entry": architecture,
        "index:com.example.index": "all",
      },
      metadata: { "frontend.example.word": "answered" },
      attestations: [{ predicateType: WORD, predicate: architecture, name: "word.json" }],
    });

  async function exportMap(output: EngineOutput) {
    await using engine = await connectEngine(inject(kind === "buildkit" ? "buildkitAddress" : "dockerAddress"), {
      kind,
    });
    await using job = await engine.openJob({ ...jobOutputs([output]), sharedKey: "" });
    const solve = (state: State, architecture: string) =>
      job.solve({ input: stateInput(made(state, architecture), `linux/${architecture}`) });
    const [amd64, arm64] = await Promise.all([
      solve(llb.scratch().mkfile("/name", "amd64"), "amd64"),
      solve(llb.scratch(), "arm64"),
    ]);
    return await job.finish(platformResults({ "linux/amd64": amd64, "linux/arm64": arm64 }));
  }

  test("becomes an index", async () => {
    const file = join(bench.directory, "map.tar");
    const { response } = await exportMap(ociArchiveOutput(file));
    expect(response["frontend.example.word"]).toBe("answered");
    const { stdout } = await execa(skopeo, ["inspect", "--raw", `oci-archive:${file}`]);
    const { annotations, manifests } = JSON.parse(stdout);
    expect(annotations).toEqual({ "com.example.index": "all" });
    expect(manifests).toMatchObject([
      { platform: { architecture: "amd64" }, annotations: { "com.example.entry": "amd64" } },
      { platform: { architecture: "arm64" }, annotations: { "com.example.entry": "arm64" } },
      { annotations: { "vnd.docker.reference.digest": manifests[0].digest } },
      { annotations: { "vnd.docker.reference.digest": manifests[1].digest } },
    ]);
    const layout = join(bench.directory, "layout");
    await mkdir(layout);
    await execa("tar", ["-xf", file, "-C", layout]);
    const manifest = await readFile(join(layout, "blobs/sha256", manifests[1].digest.slice(7)), "utf8");
    expect(JSON.parse(manifest)).toMatchObject({ annotations: { "com.example.word": "arm64" } });
  });

  test("becomes a directory for each platform", async () => {
    const dest = join(bench.directory, "map");
    await exportMap(localOutput(dest));
    expect((await readdir(join(dest, "linux_amd64"))).sort()).toEqual(["name", "word.json"]);
    expect(await readdir(join(dest, "linux_arm64"))).toEqual(["word.json"]);
  });
});
