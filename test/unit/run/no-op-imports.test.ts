import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

/** The files that are loaded with a file, before anything is imported on demand. */
function loadedWith(entry: string, { inputs }: Metafile): readonly string[] {
  const loaded = new Set([entry]);
  for (const file of loaded)
    for (const { path, kind } of inputs[file]?.imports ?? []) if (kind !== "dynamic-import") loaded.add(path);
  return [...loaded];
}

/** All that is loaded with one of our files, before anything is imported on demand. */
async function imported(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    packages: "external",
    outdir: "unwritten",
    write: false,
    metafile: true,
  });
  return loadedWith(entry, metafile);
}

test("a run in which nothing has to be built loads neither engine nor gRPC", async () => {
  const loaded = await imported("sdk/run/execution.ts");
  expect(loaded).toContain("sdk/run/build/package-work.ts");
  expect(
    loaded.filter((file) => /^sdk\/(?:engine|session|wire|proto|outputs|image)\/|@grpc|@bufbuild|execa/.test(file)),
  ).toEqual([]);
});

test("a cache that is only looked at loads nothing that speaks to registries or engines, or writes archives", async () => {
  const loaded = await imported("sdk/run/destinations/image-cache.ts");
  expect(loaded).toContain("sdk/oci/layout/cache.ts");
  expect(
    loaded.filter((file) => /^sdk\/(?:engine|session|wire|proto|outputs|image|oci\/registry)\/|archive-/.test(file)),
  ).toEqual([]);
});
