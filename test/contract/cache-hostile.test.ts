import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkCache, type ImageCache, openCache } from "../../sdk/oci/index.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { MEDIA_TYPES } from "../../sdk/oci/model/media-type.ts";
import { createImage, createTwoArchIndex, readAll } from "./sample-image.ts";

const run = promisify(execFile);
let directory: string;
let cache: ImageCache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-hostile-"));
  cache = await openCache({ directory: join(directory, "cache") });
});
afterEach(async () => {
  await cache[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function storeIndex(manifests: readonly Descriptor[], extra: object = {}): Promise<Descriptor> {
  const mediaType = MEDIA_TYPES.index;
  const text = JSON.stringify({ schemaVersion: 2, mediaType, manifests, ...extra });
  return { mediaType, ...(await cache.content.writeBlob(new TextEncoder().encode(text))) };
}

async function nested(depth: number): Promise<Descriptor> {
  let inner = await createImage(cache.content, "amd64");
  for (let level = 0; level < depth; level += 1) inner = await storeIndex([inner]);
  return inner;
}

test.each([
  [
    "10,000 entries",
    "CONTENT_CORRUPT",
    async () => {
      const image = await createImage(cache.content, "amd64");
      return await storeIndex(
        Array.from({ length: 10_000 }, () => ({ mediaType: image.mediaType, digest: image.digest, size: image.size })),
      );
    },
  ],
  [
    "more than 4 MiB",
    "CONTENT_SIZE_MISMATCH",
    () => storeIndex([], { annotations: { a: "x".repeat(5 * 1024 * 1024) } }),
  ],
  ["indexes in indexes without end", "CONTENT_CORRUPT", () => nested(30)],
  [
    "another media type than its descriptor says",
    "CONTENT_CORRUPT",
    async () => ({ ...(await storeIndex([])), mediaType: MEDIA_TYPES.manifest }),
  ],
  [
    "another size than its descriptor says",
    "CONTENT_SIZE_MISMATCH",
    async () => ({ ...(await storeIndex([])), size: 3 }),
  ],
])("an index with %s is refused, named by a check, and can be removed", async (_case, code, make) => {
  await cache.content.setReference("hostile:1", await make());
  await expect(readAll(cache.export("hostile:1", { platform: "linux/amd64" }))).rejects.toMatchObject({ code });
  expect(await checkCache({ directory: cache.content.directory })).toMatchObject({
    ok: false,
    problems: [{ image: "docker.io/library/hostile:1" }],
  });
  await cache.remove(["hostile:1"]);
  await cache.clean();
  expect(await cache.list()).toEqual([]);
});

test("a cache on a disk that cannot be written to is read; whoever writes gets one error", async () => {
  const mount = join(directory, "disk");
  await mkdir(mount);
  await run("mount", ["-t", "tmpfs", "tmpfs", mount]);
  try {
    const writable = await openCache({ directory: mount });
    const index = await createTwoArchIndex(writable.content);
    await writable.content.setReference("a:1", index);
    await writable[Symbol.asyncDispose]();
    await run("mount", ["-o", "remount,ro", mount]);
    const readOnly = await openCache({ directory: mount });
    expect((await readOnly.list()).map(({ name }) => name)).toEqual(["docker.io/library/a:1"]);
    expect((await readAll(readOnly.export("a:1", { platform: "all" }))).byteLength).toBeGreaterThan(0);
    for (const change of [
      () => readOnly.content.setReference("b:1", index),
      () => readOnly.remove(["a:1"]),
      () => readOnly.clean(),
      () => readOnly.import(cache.export("x:1")),
      () => readOnly.exportTo("a:1", join(mount, "out.tar"), { platform: "all" }),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: "CONTENT_WRITE_FAILED" });
    }
    await readOnly[Symbol.asyncDispose]();
  } finally {
    // What held the cache's lock may end a little later.
    await run("umount", ["--lazy", mount]);
  }
});

test("an archive that does not fit on the disk leaves no name and nothing half-written", async () => {
  const mount = join(directory, "disk");
  await mkdir(mount);
  await run("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", mount]);
  try {
    const full = await openCache({ directory: mount });
    const [small, large] = [
      await createImage(cache.content, "amd64"),
      await createTwoArchIndex(cache.content, 2_000_000),
    ];
    await cache.content.setReferences(
      new Map([
        ["small:1", small],
        ["large:1", large],
      ]),
    );
    await full.import(cache.export("small:1"));
    const importing = full.import(cache.export("large:1", { platform: "all" }));
    await expect(importing).rejects.toMatchObject({ code: "CONTENT_WRITE_FAILED" });
    expect((await full.list()).map(({ name }) => name)).toEqual(["docker.io/library/small:1"]);
    await full.clean();
    expect(await full.content.findMissing(small)).toEqual([]);
  } finally {
    await run("umount", ["--lazy", mount]);
  }
});
