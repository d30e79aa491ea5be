import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Compression, type CompressionType, type FluentPackage, llb, type PackageResult, pkg } from "kitsmith";
import { describe, expect, inject, test } from "vitest";
import { startBuildkitd } from "../engines/test-engine.ts";
import { testTools } from "../engines/test-tools.ts";
import { manifestOf } from "./attestations.ts";
import { useRunBench } from "./run-bench.ts";
import { shellPackage } from "./run-fixture.ts";

const { skopeo, umoci } = testTools();

async function layerTypes(pushed: PackageResult): Promise<readonly string[]> {
  const { digest } = pushed.images["linux/amd64"] ?? {};
  const { layers } = await manifestOf(`${pushed.reference.slice(0, pushed.reference.lastIndexOf(":"))}@${digest}`);
  return layers.map(({ mediaType }) => mediaType.replace("application/vnd.oci.image.layer.v1.", ""));
}

describe("reproducible images", () => {
  const bench = useRunBench("reproducible");
  const EPOCH_SECONDS = 1_700_000_000;

  async function packages(): Promise<readonly FluentPackage[]> {
    const files = await shellPackage("p", ['RUN ["/bin/sh", "-c", "echo made > /made; mkdir /directory"]']);
    const { directory } = await bench.create({ ...files, "r/file": "1\n" });
    const fromRecipe = pkg({
      ...{ directory: join(directory, "r"), org: "acme", image: "r", platforms: ["linux/amd64"] },
      recipe: ({ context, args }) =>
        llb
          .scratch()
          .copy(context("."), "/")
          .mkfile("/epoch", args.SOURCE_DATE_EPOCH ?? "none")
          .cmd("/epoch"),
    });
    return [pkg(join(directory, "p")), fromRecipe].map((one) => one.reproducible({ epochSeconds: EPOCH_SECONDS }));
  }

  test("are the same to the byte on two engines that share nothing", async () => {
    const [first, second] = await Promise.all([
      (async () => await startBuildkitd())(),
      (async () => await startBuildkitd())(),
    ]);
    await using _first = first;
    await using _second = second;
    for (const one of await packages()) {
      const digests: string[] = [];
      for (const [name, { address }] of [["a", first] as const, ["b", second] as const]) {
        const cacheDirectory = join(bench.directory, name);
        digests.push((await one.engines(address).build({ cacheDirectory })).digest);
      }
      expect(digests[1]).toBe(digests[0]);
    }
  });

  test("have no time that is later, in layers, config and exported files", async () => {
    const [fromDockerfile, fromRecipe] = (await packages()).map((one) => one.engines(inject("buildkitAddress")));
    const { reference } = (await fromDockerfile?.build(bench.options())) ?? { reference: "" };
    const bundle = join(bench.directory, "bundle");
    await execa(umoci, ["unpack", "--rootless", "--image", `${bench.cacheDirectory}:${reference}`, bundle]);
    expect((await stat(join(bundle, "rootfs/made"))).mtimeMs).toBe(EPOCH_SECONDS * 1000);
    expect((await stat(join(bundle, "rootfs/directory"))).mtimeMs).toBe(EPOCH_SECONDS * 1000);

    const dest = join(bench.directory, "files");
    await fromRecipe?.export({ ...bench.options(), type: "local", dest });
    expect((await stat(join(dest, "linux_amd64/file"))).mtimeMs).toBe(EPOCH_SECONDS * 1000);
    expect(await readFile(join(dest, "linux_amd64/epoch"), "utf8")).toBe(String(EPOCH_SECONDS));
  });
});

describe("compression", () => {
  const bench = useRunBench("compression");
  // A layer that is packed already stays as it is.
  const filesFor = (compression: unknown) => ({
    "p/build.yml": "image: p\narches: [amd64]\n",
    "p/Dockerfile": "FROM scratch\nCOPY file /\n",
    "p/file": JSON.stringify(compression).repeat(1000),
  });

  test.each([
    ["gzip", "tar+gzip"],
    [{ type: "zstd", level: 3 }, "tar+zstd"],
    ["estargz", "tar+gzip"],
    ["uncompressed", "tar"],
  ] satisfies [CompressionType | Compression, string][])("%j", async (compression, mediaType) => {
    const opened = await bench.open(filesFor(compression));
    const pushed = await opened.push({ ...bench.options(), compression });
    expect(await layerTypes(pushed)).toEqual([mediaType]);
    const built = await opened.build({ ...bench.options(), compression, force: true });
    expect(built.digest).toBe(pushed.digest);
    const copy = join(bench.directory, "copy");
    await execa(skopeo, ["copy", "--src-tls-verify=false", `docker://${pushed.reference}`, `dir:${copy}`]);
  });

  test("of a layer that is packed already takes force", async () => {
    const opened = await bench.open(filesFor("again"));
    const again = { ...bench.options(), force: true };
    await opened.push(again);
    expect(await layerTypes(await opened.push({ ...again, compression: "zstd" }))).toEqual(["tar+gzip"]);
    const forced = { type: "zstd", force: true } as const;
    expect(await layerTypes(await opened.push({ ...again, compression: forced }))).toEqual(["tar+zstd"]);
  });
});

describe("a directory", () => {
  const bench = useRunBench("directories");

  test("loses what the image does not have only where that is asked for", async () => {
    const opened = await bench.open({
      "p/build.yml": "image: p\narches: [amd64]\n",
      "p/Dockerfile": "FROM scratch\nCOPY files /\n",
      "p/files/kept/inner": "1\n",
      "p/files/name": "2\n",
    });
    const dest = join(bench.directory, "out");
    const root = join(dest, "linux_amd64");
    await mkdir(join(root, "kept"), { recursive: true });
    await mkdir(join(root, "old/deep"), { recursive: true });
    await writeFile(join(root, "kept/old"), "");
    await writeFile(join(root, "old/deep/file"), "");
    await writeFile(join(dest, "beside"), "");

    await opened.export({ ...bench.options(), type: "local", dest });
    expect((await readdir(root)).sort()).toEqual(["kept", "name", "old"]);
    await opened.export({ ...bench.options(), type: "local", dest, mode: "delete" });
    expect((await readdir(root, { recursive: true })).sort()).toEqual(["kept", "kept/inner", "name"]);
    expect((await readdir(dest)).sort()).toEqual(["beside", "linux_amd64"]);
  });
});
