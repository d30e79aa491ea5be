import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Digest, digestHex, digestOf } from "../../sdk/core/digest.ts";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import { type CacheCheck, checkCache } from "../../sdk/oci/layout/check/check-cache.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { createImage, createTwoArchIndex } from "./sample-image.ts";

let directory: string;
let cache: Cache;
let index: Descriptor;
let image: Descriptor;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-check-"));
  cache = await openCache(directory);
  index = await createTwoArchIndex(cache);
  image = await createImage(cache, "riscv64");
  await cache.setReference("both:1", index);
  await cache.setReference("one:1", image);
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const pathOf = (digest: Digest) => join(directory, "blobs", "sha256", digestHex(digest));
const indexPath = () => join(directory, "index.json");
const kinds = ({ problems }: CacheCheck) => problems.map(({ kind }) => kind).sort();
const names = async () => (await (await openCache(directory)).list()).map(({ name }) => name);

/** Everything that the cache holds, by content. */
async function contents(): Promise<ReadonlySet<string>> {
  const files = await readdir(join(directory, "blobs", "sha256"));
  const digests = await Promise.all(
    files.map(async (file) => digestOf(await readFile(join(directory, "blobs", "sha256", file)))),
  );
  return new Set(digests);
}

test("a cache that is in order is so", async () => {
  expect(await checkCache(directory)).toMatchObject({ ok: true, problems: [], partial: [], images: 2 });
  expect(await checkCache(directory, { repair: true })).toMatchObject({ ok: true, problems: [] });
});

test.each([
  ["oci-layout is missing", "marker", () => rm(join(directory, "oci-layout"))],
  ["oci-layout is cut off", "marker", () => truncate(join(directory, "oci-layout"), 9)],
  ["a half-written file", "left-behind", () => writeFile(join(directory, ".incoming", "half"), "half")],
  ["a half-written blob", "left-behind", () => writeFile(`${pathOf(image.digest)}123`, "half")],
  ["a name that two entries have", "entry", doubleEntry],
  [
    "an entry with another size",
    "entry",
    () => editIndex((text) => text.replace(`"size": ${image.size}`, '"size": 3')),
  ],
])("%s is named, and repaired", async (_case, kind, damage) => {
  await damage();
  const before = await contents();
  expect(await checkCache(directory)).toMatchObject({ ok: false, problems: [{ kind }] });
  const check = await checkCache(directory, { repair: true });
  expect(check).toMatchObject({ ok: true, problems: [{ kind, repair: expect.any(String) }] });
  expect(await checkCache(directory)).toMatchObject({ ok: true, problems: [] });
  expect(await names()).toEqual(["docker.io/library/both:1", "docker.io/library/one:1"]);
  for (const digest of before) expect(await contents()).toContain(digest);
});

test("an index.json that is cut off keeps its whole entries, and what lost its entry gets one", async () => {
  const text = await readFile(indexPath(), "utf8");
  await truncate(indexPath(), text.lastIndexOf("ref.name"));
  expect(kinds(await checkCache(directory))).toEqual(["index"]);
  expect(await checkCache(directory, { repair: true })).toMatchObject({ ok: true, images: 2 });
  expect(await names()).toEqual(["docker.io/library/both:1"]);
  const again = await openCache(directory);
  expect(await again.resolve(`one@${image.digest}`)).toMatchObject({ digest: image.digest });
  // What was found again is not cleaned away, and the damaged file is still there.
  await again.removeUnused();
  expect(await again.findMissing(image)).toEqual([]);
  expect((await readdir(directory)).filter((name) => name.startsWith("index.json.damaged-"))).toHaveLength(1);
});

test("an index.json that is gone is made from the content", async () => {
  await rm(indexPath());
  expect(await checkCache(directory, { repair: true })).toMatchObject({ ok: true, images: 2 });
  const again = await openCache(directory);
  for (const root of [index, image]) expect(await again.findMissing(root)).toEqual([]);
  expect((await again.removeUnused()).blobs).toBe(0);
});

test("content that is not what its digest says is named; good content under a wrong name gets its own", async () => {
  const [first, second] = [pathOf(index.digest), pathOf(image.digest)];
  await rename(first, `${first}.tmp`);
  await rename(second, first);
  await rename(`${first}.tmp`, second);
  expect(kinds(await checkCache(directory))).toEqual(["damaged", "damaged", "missing", "missing"]);
  expect(await checkCache(directory, { repair: true })).toMatchObject({ ok: true });
  expect(await checkCache(directory)).toMatchObject({ ok: true, problems: [] });
});

test("an image that lacks content is named with what it lacks, and keeps its name and the rest", async () => {
  const [layer] = (await cache.findMissing(image)).concat(await layersOf(image));
  if (layer === undefined) throw new Error("the image has no layers");
  await appendFile(pathOf(layer.digest), "more");
  const check = await checkCache(directory, { repair: true });
  expect(check.ok).toBe(false);
  expect(check.problems).toContainEqual(
    expect.objectContaining({ kind: "missing", digest: layer.digest, image: "docker.io/library/one:1" }),
  );
  expect(await names()).toContain("docker.io/library/one:1");
  expect(await cache.hasBlob(layer)).toBe(false);
});

test("an entry whose content is gone is removed", async () => {
  await rm(pathOf(image.digest));
  expect(await checkCache(directory)).toMatchObject({ ok: false, problems: [{ kind: "missing" }] });
  expect(await checkCache(directory, { repair: true })).toMatchObject({ ok: true });
  expect(await names()).toEqual(["docker.io/library/both:1"]);
});

test("an index of which one image was never fetched is in order", async () => {
  const images = await cache.flattenIndex(index);
  const arm64 = images.find((entry) => entry.platform?.architecture === "arm64");
  if (arm64 === undefined) throw new Error("there is no arm64");
  await rm(pathOf(arm64.digest));
  expect(await checkCache(directory)).toMatchObject({ ok: true, partial: ["docker.io/library/both:1"] });
});

test("content that is no manifest is named, and nothing is done about it", async () => {
  const blob = await cache.writeBlob(new TextEncoder().encode('{"schemaVersion":2}'));
  await cache.setReference("bad:1", { mediaType: image.mediaType, ...blob });
  const check = await checkCache(directory, { repair: true });
  expect(check).toMatchObject({ ok: false, problems: [{ kind: "invalid", image: "docker.io/library/bad:1" }] });
  await cache.remove(["bad:1"]);
  expect(await checkCache(directory)).toMatchObject({ ok: true });
});

test("a layout of another version, and a directory that is none, are left alone", async () => {
  await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}');
  await expect(checkCache(directory, { repair: true })).rejects.toMatchObject({ code: "CONTENT_CORRUPT" });
  await expect(checkCache(join(directory, "none"))).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
});

test("what is being written is not taken for what was left behind", async () => {
  await mkdir(join(directory, ".incoming"), { recursive: true });
  await writeFile(join(directory, ".incoming", "half"), "half");
  const use = await cache.useContent();
  expect(await checkCache(directory)).toMatchObject({ ok: true });
  await use[Symbol.asyncDispose]();
  expect(await checkCache(directory)).toMatchObject({ ok: false });
});

test("a repair waits for whoever stores content and has not named it yet", async () => {
  const use = await cache.useContent();
  const repair = checkCache(directory, { repair: true });
  const added = await createImage(cache, "s390x");
  await new Promise((resolve) => setTimeout(resolve, 100));
  await cache.setReference("new:1", added);
  await use[Symbol.asyncDispose]();
  expect(await repair).toMatchObject({ ok: true, images: 3 });
});

async function editIndex(edit: (text: string) => string): Promise<void> {
  await writeFile(indexPath(), edit(await readFile(indexPath(), "utf8")));
}

async function doubleEntry(): Promise<void> {
  await editIndex((text) => {
    const value: { manifests: unknown[] } = JSON.parse(text);
    return JSON.stringify({ ...value, manifests: [value.manifests[0], ...value.manifests] });
  });
}

async function layersOf(descriptor: Descriptor): Promise<readonly Descriptor[]> {
  const manifest: { layers: Descriptor[] } = JSON.parse(new TextDecoder().decode(await cache.readBlob(descriptor)));
  return manifest.layers.slice(1);
}
