import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type FluentPackage, pkg, transitive } from "kitsmith";
import { describe, expect, inject, test } from "vitest";
import { useRunBench } from "./run-bench.ts";

const bench = useRunBench("tag-comparison");
const registry = inject("registryHost");
const FILES = {
  "p/build.yml": "image: p\narches: [amd64]\n",
  "p/Dockerfile": "FROM scratch AS small\nARG CHANNEL\nCOPY greeting /\n",
  "p/greeting": "hello\n",
  "base/build.yml": "image: base\narches: [amd64]\n",
  "base/Dockerfile": "FROM scratch\nCOPY Dockerfile /\n",
};
const SHORT = /^[0-9a-f]{8}$/;

const compare = async (one: FluentPackage, reference: string) => await one.compareTag(reference, bench.options());
const built = async (one: FluentPackage) => (await one.build(bench.options())).reference;

async function annotationsOf(reference: string): Promise<Readonly<Record<string, string>>> {
  const blob = async (digest: string) =>
    JSON.parse(await readFile(join(bench.cacheDirectory, "blobs", "sha256", digest.slice(7)), "utf8"));
  const index = JSON.parse(await readFile(join(bench.cacheDirectory, "index.json"), "utf8"));
  const entries: readonly { readonly digest: string; readonly annotations: Readonly<Record<string, string>> }[] =
    index.manifests;
  const entry = entries.find(({ annotations }) => annotations["org.opencontainers.image.ref.name"] === reference);
  return (await blob((await blob(entry?.digest ?? "")).manifests[0].digest)).annotations ?? {};
}

describe("what makes an image differ", () => {
  test("is told by the names of inputs, and their values stand nowhere", async () => {
    const plain = await bench.open(FILES);
    const one = plain.buildArgs({ CHANNEL: "geheim-1", ONLY: "there" }).target("small");
    const reference = await built(one);
    expect(await compare(one, reference)).toEqual([]);
    const differences = await compare(plain.buildArgs({ CHANNEL: "geheim-2" }).labels({ note: "x" }), reference);
    expect(differences).toEqual([
      { kind: "buildArg", name: "CHANNEL", theirs: expect.stringMatching(SHORT), ours: expect.stringMatching(SHORT) },
      { kind: "buildArg", name: "ONLY", theirs: expect.stringMatching(SHORT) },
      { kind: "setting", name: "labels.note", ours: expect.stringMatching(SHORT) },
      { kind: "setting", name: "target", theirs: expect.stringMatching(SHORT) },
    ]);
    expect(await compare(plain, reference)).toMatchObject([{ name: "CHANNEL" }, { name: "ONLY" }, { name: "target" }]);
    const annotations = await annotationsOf(reference);
    expect(Object.keys(annotations).sort()).toEqual(["io.kitsmith.input-digests", "io.kitsmith.inputs"]);
    expect(JSON.stringify(annotations)).not.toContain("geheim");
  });

  test("images that their tree describes whole carry no annotation, and are told apart by what is given now", async () => {
    const plain = await bench.open(FILES);
    const reference = await built(plain);
    expect(await annotationsOf(reference)).toEqual({});
    expect(await compare(plain.buildArgs({ CHANNEL: "edge" }), reference)).toEqual([
      { kind: "buildArg", name: "CHANNEL", ours: expect.stringMatching(SHORT) },
    ]);
  });

  test("a transitive tag: the dependency whose tag moved", async () => {
    await bench.create(FILES);
    const at = (path: string) => pkg(join(bench.repository.directory, path)).org(`${registry}/${bench.org}`);
    const one = at("p")
      .tag(transitive())
      .contexts({ base: at("base") })
      .engines(inject("buildkitAddress"));
    const reference = await built(one.dependsOn(at("base").engines(inject("buildkitAddress"))));
    expect(await compare(one, reference)).toEqual([]);
    await bench.repository.write("base/Dockerfile", "FROM scratch\nCOPY build.yml /\n");
    await bench.repository.commit();
    expect((await compare(one, reference)).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "tag tag",
      "dependency base",
    ]);
  });
});

describe("the tree", () => {
  const git = (...args: string[]) => execa("git", args, { cwd: bench.repository.directory });

  test("is compared by the tree in the tag where the image names no commit", async () => {
    const one = await bench.open(FILES);
    await bench.repository.write("p/greeting", "changed, not committed\n");
    const reference = await built(one);
    await bench.repository.commit();
    expect(await compare(one, reference)).toEqual([
      { kind: "tag", name: "tag", theirs: expect.stringContaining("-dirty-"), ours: expect.any(String) },
      {
        ...{ kind: "tree", name: "uncommitted changes", theirs: expect.stringMatching(/^dirty-[0-9a-f]{7}$/) },
        hint: expect.any(String),
      },
      { kind: "file", name: "greeting", theirs: expect.any(String), ours: expect.any(String) },
    ]);
  });

  test("says what to do where the repository does not have it", async () => {
    const one = await bench.open(FILES);
    const reference = await built(one);
    await git("checkout", "--quiet", "--orphan", "other");
    await bench.repository.write("p/greeting", "other\n");
    await bench.repository.commit();
    await git("branch", "-D", "main");
    await git("reflog", "expire", "--expire=now", "--all");
    await git("gc", "--quiet", "--prune=now");
    const differences = await compare(one, reference);
    expect(differences.map(({ kind }) => kind)).toEqual(["tag", "commit"]);
    expect(differences[1]?.hint).toContain(`git fetch origin ${differences[1]?.theirs}`);
  });
});

test("an image that records only that its inputs differ says so", async () => {
  const plain = await bench.open(FILES);
  const one = plain.buildArgs({ CHANNEL: "1" });
  const reference = await built(one);
  await withoutInputDigests(reference);
  expect(await compare(one, reference)).toEqual([]);
  expect(await compare(plain.buildArgs({ CHANNEL: "2" }), reference)).toEqual([
    {
      ...{ kind: "inputs", name: "linux/amd64", theirs: expect.any(String), ours: expect.any(String) },
      hint: expect.any(String),
    },
  ]);
});

/** The image as it was before inputs were told apart. */
async function withoutInputDigests(reference: string): Promise<void> {
  const { createHash } = await import("node:crypto");
  const blobs = join(bench.cacheDirectory, "blobs", "sha256");
  const read = async (digest: string) => JSON.parse(await readFile(join(blobs, digest.slice(7)), "utf8"));
  const store = async (value: unknown) => {
    const content = JSON.stringify(value);
    const hex = createHash("sha256").update(content).digest("hex");
    await writeFile(join(blobs, hex), content);
    return { digest: `sha256:${hex}`, size: Buffer.byteLength(content) };
  };
  const path = join(bench.cacheDirectory, "index.json");
  const root = JSON.parse(await readFile(path, "utf8"));
  for (const entry of root.manifests) {
    if (entry.annotations["org.opencontainers.image.ref.name"] !== reference) continue;
    const index = await read(entry.digest);
    const manifest = await read(index.manifests[0].digest);
    delete manifest.annotations["io.kitsmith.input-digests"];
    Object.assign(index.manifests[0], await store(manifest));
    Object.assign(entry, await store(index));
  }
  await writeFile(path, JSON.stringify(root));
}
