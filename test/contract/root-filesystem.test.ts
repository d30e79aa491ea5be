import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Cache, openCache } from "../../sdk/oci/layout/cache.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { MEDIA_TYPES } from "../../sdk/oci/model/media-type.ts";
import { readAll } from "./sample-image.ts";

type Files = Readonly<Record<string, string | { readonly link: string } | { readonly symlink: string } | null>>;

let directory: string;
let cache: Cache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-flat-"));
  cache = await openCache(join(directory, "cache"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A layer of files; null is a directory. */
async function layerOf(files: Files): Promise<Descriptor> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) {
    if (content === null) archive.entry({ name, type: "directory" });
    else if (typeof content === "string") archive.entry({ name }, content);
    else if ("link" in content) archive.entry({ name, type: "link", linkname: content.link });
    else archive.entry({ name, type: "symlink", linkname: content.symlink });
  }
  archive.finalize();
  const blob = await cache.writeBlob(gzipSync(await readAll(archive)));
  return { mediaType: MEDIA_TYPES.layerGzip, ...blob };
}

async function imageOf(...layers: readonly Files[]): Promise<Descriptor> {
  const stored: Descriptor[] = [];
  for (const files of layers) stored.push(await layerOf(files));
  const config = { mediaType: MEDIA_TYPES.config, ...(await writeJson({ architecture: "amd64", os: "linux" })) };
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers: stored };
  return { mediaType: MEDIA_TYPES.manifest, ...(await writeJson(manifest)) };
}

async function writeJson(value: unknown) {
  return await cache.writeBlob(new TextEncoder().encode(JSON.stringify(value)));
}

/** The entries of the flattened tar: what is in files, where links lead. */
async function flatten(...layers: readonly Files[]): Promise<Readonly<Record<string, string>>> {
  const image = await imageOf(...layers);
  const entries = extract();
  entries.end(await readAll(cache.exportArchive(image, { format: "filesystem" })));
  const found: Record<string, string> = {};
  for await (const entry of entries) {
    const { name, type, linkname } = entry.header;
    expect(found).not.toHaveProperty([name]);
    found[name] = type === "file" ? new TextDecoder().decode(await readAll(entry)) : `${type} ${linkname ?? ""}`.trim();
    entry.resume();
  }
  return found;
}

test("the entries of higher layers come first and stand for those of lower ones", async () => {
  const flat = await flatten({ "etc/": null, "etc/a": "old", "etc/b": "kept" }, { "etc/a": "new" });
  expect(Object.entries(flat)).toEqual([
    ["etc/a", "new"],
    ["etc/", "directory"],
    ["etc/b", "kept"],
  ]);
});

test("whiteouts take away files, whole directories, and what an opaque directory had", async () => {
  const lower = { a: "a", "dir/": null, "dir/x": "x", "dir/sub/y": "y", "opaque/": null, "opaque/old": "old" };
  const upper = { ".wh.a": "", ".wh.dir": "", "opaque/": null, "opaque/.wh..wh..opq": "", "opaque/new": "new" };
  expect(await flatten(lower, upper)).toEqual({ "opaque/": "directory", "opaque/new": "new" });
  expect(await flatten(lower, upper, { a: "again" })).toMatchObject({ a: "again" });
});

test("a file in a directory's place hides what lay in it", async () => {
  expect(await flatten({ "d/": null, "d/x": "x" }, { d: "file" })).toEqual({ d: "file" });
  expect(await flatten({ d: "file" }, { "d/": null, "d/x": "x" })).toEqual({ "d/": "directory", "d/x": "x" });
});

test("links whose file a higher layer replaced keep their content", async () => {
  const lower = { a: "old", b: { link: "a" }, c: { link: "a" }, s: { symlink: "a" } };
  const flat = await flatten(lower, { a: "new" });
  expect(flat).toEqual({ a: "new", b: "old", c: "link b", s: "symlink a" });
  expect(await flatten(lower)).toEqual({ a: "old", b: "link a", c: "link a", s: "symlink a" });
});

test("GNU tar unpacks it", async () => {
  const image = await imageOf({ "bin/": null, "bin/tool": "tool" }, { [`${"long/".repeat(40)}name`]: "far" });
  const archive = await readAll(cache.exportArchive(image, { format: "filesystem" }));
  execFileSync("tar", ["-xf", "-", "-C", directory], { input: archive });
  expect(await readFile(join(directory, "bin/tool"), "utf8")).toBe("tool");
  expect(await readFile(join(directory, `${"long/".repeat(40)}name`), "utf8")).toBe("far");
});

test.each([["../escape"], ["a/../../escape"]])("an entry named %s is refused", async (name) => {
  await expect(flatten({ [name]: "x" })).rejects.toMatchObject({ code: "CONTENT_PATH_UNSAFE" });
});

test("a layer that is no tar, and one that is cut off, are refused", async () => {
  const noise = { mediaType: MEDIA_TYPES.layerGzip, ...(await cache.writeBlob(new TextEncoder().encode("no gzip"))) };
  const config = { mediaType: MEDIA_TYPES.config, ...(await writeJson({ architecture: "amd64", os: "linux" })) };
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config, layers: [noise] };
  const image = { mediaType: MEDIA_TYPES.manifest, ...(await writeJson(manifest)) };
  const exported = readAll(cache.exportArchive(image, { format: "filesystem" }));
  await expect(exported).rejects.toMatchObject({ code: "CONTENT_CORRUPT" });
});
