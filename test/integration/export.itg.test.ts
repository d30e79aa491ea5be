import { randomBytes } from "node:crypto";
import { readdir, readFile, truncate } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Run } from "kitsmith";
import { describe, expect, inject, test } from "vitest";
import { startIsolatedBuildkitd } from "../engines/test-engine.ts";
import { testTools } from "../engines/test-tools.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { useRunBench } from "./run-bench.ts";
import { eventsOf, failureOf, mountDisk, tagsOf, unfinishedFiles } from "./run-fixture.ts";

const bench = useRunBench("export");

const files = (content: Uint8Array | string, arches = "amd64, arm64") => ({
  "p/build.yml": `image: p\narches: [${arches}]\n`,
  "p/Dockerfile": "FROM scratch\nCOPY content /\n",
  "p/content": Buffer.from(content),
});

/** How the engine handed over what it made. */
async function waysOf(run: Run<unknown>): Promise<ReadonlySet<string>> {
  const names = (await eventsOf(run)).flatMap((event) => (event.type === "vertex" ? [event.name] : []));
  const ways = ["exporting to image", "exporting to oci image format"] as const;
  return new Set(ways.filter((way) => names.some((name) => name.includes(way))));
}

/** The manifests of an archive, as another program reads it. */
async function inspect(archive: string, ...flags: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse((await execa(testTools().skopeo, ["inspect", ...flags, archive])).stdout);
}

async function indexOf(cacheDirectory: string): Promise<unknown> {
  return JSON.parse(await readFile(join(cacheDirectory, "index.json"), "utf8"));
}

function digestsOf(result: { readonly images: Readonly<Record<string, object>> }): readonly unknown[] {
  return Object.values(result.images).map((image) => "digest" in image && image.digest);
}

describe.each(BOTH_ENGINES)("an archive of what %s builds", (_name, engine) => {
  test("holds all platforms, as a build into the cache makes them, and is made anew from the cache alone", async () => {
    const opened = (await bench.open(files(randomBytes(3_000_000)))).engines(engine);
    const dest = join(bench.directory, "p.oci");
    const exported = await opened.export({ ...bench.options(), type: "oci", dest });
    expect(await inspect(`oci-archive:${dest}`, "--override-arch=arm64")).toMatchObject({ Architecture: "arm64" });
    const built = await opened.build({ cacheDirectory: join(bench.directory, "other") });
    expect(digestsOf(exported)).toEqual(digestsOf(built));

    const again = join(bench.directory, "again.tar");
    await opened.engines("unix:///nowhere.sock").export({ ...bench.options(), type: "docker", dest: again });
    const archive = `docker-archive:${join(bench.directory, "again-arm64.tar")}`;
    expect(await inspect(archive)).toMatchObject({ Architecture: "arm64" });
    expect(await unfinishedFiles(bench.cacheDirectory)).toEqual([]);
  });
});

describe("the way of an image to an archive", () => {
  const exportTo = async (address: string) => {
    const opened = (await bench.open(files("content"))).engines(address);
    return { opened, options: { ...bench.options(), type: "oci", dest: join(bench.directory, "p.oci") } as const };
  };

  test("is a push over the loopback where the engine reaches it", async () => {
    const { opened, options } = await exportTo(inject("buildkitAddress"));
    const run = opened.export(options);
    await run;
    expect(await waysOf(run)).toEqual(new Set(["exporting to image"]));
  });

  test("is the session for an engine that has another loopback: the same bytes", async () => {
    await using isolated = await startIsolatedBuildkitd();
    const { opened, options } = await exportTo(isolated.address);
    const reproducible = opened.reproducible({ epochSeconds: 1_700_000_000 });
    const run = reproducible.export(options);
    const exported = await run;
    expect(await waysOf(run)).toEqual(new Set(["exporting to oci image format"]));
    const other = reproducible.engines(inject("buildkitAddress"));
    expect(digestsOf(await other.export({ ...options, force: true }))).toEqual(digestsOf(exported));
  });

  test("is the session for what is attested, which names what it is about", async () => {
    const { opened, options } = await exportTo(inject("buildkitAddress"));
    const run = opened.attest({ provenance: "min" }).export(options);
    await run;
    expect(await waysOf(run)).toEqual(new Set(["exporting to oci image format"]));
  });

  test("gives compression, time and annotations the same meaning", async () => {
    await using isolated = await startIsolatedBuildkitd();
    const { opened, options } = await exportTo(isolated.address);
    const settled = opened.reproducible({ epochSeconds: 1_700_000_000 }).annotations({
      ...{ "org.example.of-image": "1", "index:org.example.of-index": "2" },
      ...{ "manifest-descriptor:org.example.of-entry": "3", "index-descriptor:org.example.of-name": "4" },
    });
    const other = settled.engines(inject("buildkitAddress"));
    const cacheDirectory = join(bench.directory, "other");
    for (const compression of ["uncompressed", { type: "zstd", level: 3, force: true }, "estargz"] as const) {
      await settled.export({ ...options, compression, force: true });
      await other.build({ cacheDirectory, compression, force: true });
      expect(await indexOf(cacheDirectory)).toEqual(await indexOf(bench.cacheDirectory));
    }
  });

  test("into the cache is the same, for what is kept of a push, too", async () => {
    const { opened } = await exportTo(inject("buildkitAddress"));
    for (const run of [opened.build(bench.options()), opened.push({ ...bench.options(), keep: true, force: true })]) {
      await run;
      expect(await waysOf(run)).toEqual(new Set(["exporting to image"]));
    }
    expect(await tagsOf(inject("registryHost"), `${bench.org}/p`)).not.toEqual([]);
    const attesting = opened.attest({ provenance: "min" }).build({ ...bench.options(), force: true });
    await attesting;
    expect(await waysOf(attesting)).toEqual(new Set(["exporting to oci image format"]));
  });
});

describe("what is in the cache already", () => {
  const layerOf = async (content: Buffer): Promise<string> => {
    const directory = join(bench.cacheDirectory, "blobs/sha256");
    const names = await readdir(directory);
    for (const name of names) {
      const { stdout } = await execa("stat", ["--format=%s", join(directory, name)]);
      if (Number(stdout) > content.byteLength) return join(directory, name);
    }
    throw new Error("the cache holds no such layer");
  };

  test("is not sent, and what is damaged is replaced", async () => {
    const content = randomBytes(1_000_000);
    const opened = (await bench.open(files(content, "amd64"))).engines(inject("buildkitAddress"));
    const options = { ...bench.options(), type: "oci", compression: "uncompressed" } as const;
    await opened.build({ ...bench.options(), compression: "uncompressed" });
    await truncate(await layerOf(content), 1_000_001);
    const dest = join(bench.directory, "p.oci");
    await opened.export({ ...options, dest, force: true });
    await execa(testTools().skopeo, ["copy", `oci-archive:${dest}`, `dir:${join(bench.directory, "copy")}`]);
  });
});

test("a full disk under the cache is told as that, and leaves nothing half-written", async () => {
  await using _disk = await mountDisk(bench.cacheDirectory, 2_000_000);
  const opened = (await bench.open(files(randomBytes(9_000_000)))).engines(inject("buildkitAddress"));
  const dest = join(bench.directory, "p.oci");
  const run = opened.export({ ...bench.options(), type: "oci", dest });
  expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "CONTENT_WRITE_FAILED" } });
  expect(await unfinishedFiles(bench.cacheDirectory)).toEqual([]);
  expect(await readdir(bench.directory)).not.toContain("p.oci");
});
