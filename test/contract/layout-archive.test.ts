import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pack } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestHex, digestOf } from "../../sdk/core/digest.ts";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import { createImage, createTwoArchIndex, readAll } from "./sample-image.ts";

const run = promisify(execFile);
let directory: string;
let cache: Cache;
let other: Cache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-archive-"));
  cache = await openCache(join(directory, "cache"));
  other = await openCache(join(directory, "other"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function tarOf(files: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content);
  archive.finalize();
  return await readAll(archive);
}

async function* inPieces(content: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < content.byteLength; offset += pieceBytes)
    yield content.subarray(offset, offset + pieceBytes);
}

async function storedFiles(layout: string): Promise<readonly string[]> {
  const lists = [join(layout, "blobs", "sha256"), join(layout, ".incoming")].map((path) =>
    readdir(path).catch(() => []),
  );
  return (await Promise.all(lists)).flat();
}

test("an index with attestations goes through a tar unchanged", async () => {
  const index = await createTwoArchIndex(cache);
  const archive = await readAll(cache.exportArchive(index, { format: "oci", name: "docker.io/library/a:1" }));
  const [root] = await other.importArchive(inPieces(archive, 1000));
  expect(root).toMatchObject({ digest: index.digest, size: index.size, mediaType: index.mediaType });
  await expect(other.findMissing(index)).resolves.toEqual([]);
  const again = await readAll(cache.exportArchive(index, { format: "oci", name: "docker.io/library/a:1" }));
  expect(digestOf(again)).toBe(digestOf(archive));
});

test("one platform of an index is an image of its own in a tar", async () => {
  const index = await createTwoArchIndex(cache);
  const platform = { os: "linux", architecture: "arm64" };
  const roots = await other.importArchive(cache.exportArchive(index, { format: "oci", platform }));
  expect(roots.map((root) => root.platform?.architecture)).toEqual(["arm64"]);
  for (const root of roots) expect(await other.findMissing(root)).toEqual([]);
});

test("a platform that is not there is named as missing", async () => {
  const index = await createTwoArchIndex(cache);
  for (const options of [
    { format: "oci", platform: { os: "linux", architecture: "s390x" } },
    { format: "docker" },
  ] as const) {
    await expect(readAll(cache.exportArchive(index, options))).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
  }
});

test("a docker archive has the files that docker load looks for", async () => {
  const image = await createImage(cache, "amd64");
  await mkdir(join(directory, "out"));
  await writeFile(
    join(directory, "out.tar"),
    await readAll(cache.exportArchive(image, { format: "docker", name: "a:1" })),
  );
  await run("tar", ["-xf", join(directory, "out.tar"), "-C", join(directory, "out")]);
  const { stdout } = await run("cat", [join(directory, "out", "manifest.json")]);
  const [entry] = JSON.parse(stdout);
  expect(entry.RepoTags).toEqual(["a:1"]);
  expect((await readdir(join(directory, "out"))).sort()).toEqual(
    [entry.Config, ...entry.Layers, "manifest.json"].sort(),
  );
});

test("an archive that was cut off leaves no half blob and no name", async () => {
  const index = await createTwoArchIndex(cache, 300_000);
  const archive = await readAll(cache.exportArchive(index, { format: "oci" }));
  await expect(other.importArchive(inPieces(archive.subarray(0, 100_000), 4096))).rejects.toMatchObject({
    code: "CONTENT_CORRUPT",
  });
  for (const file of await storedFiles(other.directory)) expect(file).toMatch(/^[0-9a-f]{64}$/);
  expect(await other.list()).toEqual([]);
});

test("what the source of an archive fails with comes through", async () => {
  const failure = new Error("the engine died");
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(100);
    throw failure;
  }
  await expect(other.importArchive(failing())).rejects.toBe(failure);
});

test("an abort's reason comes through, and ends a source that never does", async () => {
  const aborting = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    aborting.abort("enough");
    await new Promise((resolve) => aborting.signal.addEventListener("never", resolve));
  }
  await expect(other.importArchive(endless(), { signal: aborting.signal })).rejects.toBe("enough");
});

const hello = `blobs/sha256/${digestHex(digestOf("hello"))}`;
const emptyIndex = JSON.stringify({ schemaVersion: 2, manifests: [] });
const dangling = { mediaType: "text/plain", size: 5, digest: digestOf("other") };
test.each([
  ["a blob under another's name", { [hello]: "HELLO", "index.json": emptyIndex }, "CONTENT_DIGEST_MISMATCH"],
  ["a blob without digest", { "blobs/sha256/abc": "x", "index.json": emptyIndex }, "CONTENT_CORRUPT"],
  ["a path that climbs", { "blobs/../../x": "x", "index.json": emptyIndex }, "CONTENT_PATH_UNSAFE"],
  ["an absolute path", { "/etc/passwd": "x", "index.json": emptyIndex }, "CONTENT_PATH_UNSAFE"],
  ["no index", { [hello]: "hello" }, "CONTENT_CORRUPT"],
  ["an index that is no JSON", { "index.json": "{" }, "CONTENT_CORRUPT"],
  [
    "an index that names what is not there",
    { "index.json": JSON.stringify({ schemaVersion: 2, manifests: [dangling] }) },
    "CONTENT_NOT_FOUND",
  ],
])("an archive with %s is refused", async (_case, files, code) => {
  const archive = await tarOf(files as Readonly<Record<string, string>>);
  await expect(other.importArchive(inPieces(archive, 512))).rejects.toMatchObject({ code });
});
