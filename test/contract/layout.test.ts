import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCache } from "../../sdk/oci/layout/cache.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-layout-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("a new cache has the files and blanks that LinuxKit writes", async () => {
  const cache = await openCache(join(directory, "cache"));
  expect(await readFile(join(cache.directory, "oci-layout"), "utf8")).toBe('{\n    "imageLayoutVersion": "1.0.0"\n}');
  expect(await readFile(join(cache.directory, "index.json"), "utf8")).toBe(
    '{\n   "schemaVersion": 2,\n   "mediaType": "application/vnd.oci.image.index.v1+json",\n   "manifests": []\n}',
  );
});

test("blob and name round trip", async () => {
  const cache = await openCache(directory);
  const content = new TextEncoder().encode("hello");
  const { digest, size } = await cache.writeBlob(content);
  expect(digest).toBe(`sha256:${createHash("sha256").update("hello").digest("hex")}`);
  expect(await cache.readBlob({ digest, size })).toEqual(content);
  await cache.setReference("alpine:1", { mediaType: "text/plain", digest, size });
  expect((await cache.list()).map((entry) => entry.name)).toEqual(["docker.io/library/alpine:1"]);
  await expect(cache.resolve("alpine:1")).resolves.toMatchObject({ digest });
});
