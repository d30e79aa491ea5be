import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { engines } from "kitsmith";
import { beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { testTools } from "../engines/test-tools.ts";
import { publishBaseImage } from "./base-image.ts";
import { useRunBench } from "./run-bench.ts";
import { failureOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const { docker, skopeo } = testTools();
const bench = useRunBench("depends");
const engine = engines.buildkit(inject("buildkitAddress"));
const DOCKERFILE = { "p/Dockerfile": "FROM scratch\nCOPY . /\n" };

/** By digest, of the index and of its image for amd64. */
let whole: string;
let single: string;

beforeAll(async () => {
  const base = await publishBaseImage(registry, engine, "/tmp/kitsmith-depends-cache");
  const raw = (await execa(skopeo, ["inspect", "--tls-verify=false", "--raw", `docker://${base}`])).stdout;
  const repository = base.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  const { manifests }: { manifests: { digest: string; platform: { architecture: string } }[] } = JSON.parse(raw);
  const digest = (await execa(skopeo, ["inspect", "--tls-verify=false", "--format={{.Digest}}", `docker://${base}`]))
    .stdout;
  whole = `${repository}@${digest}`;
  single = `${repository}@${manifests.find(({ platform }) => platform.architecture === "amd64")?.digest ?? ""}`;
});

async function built(buildYml: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const source = await bench.open({ "p/build.yml": buildYml, ...DOCKERFILE, ...files });
  const dest = join(bench.directory, "out");
  await source.platforms("linux/amd64").export({ type: "local", dest, ...bench.options() });
  return join(dest, "linux_amd64");
}

const names = async (archive: string) =>
  (await execa("tar", ["-tf", archive])).stdout.split("\n").map((name) => name.replace(/[0-9a-f]{64}/, "DIGEST"));

async function dockerCommand(...args: readonly string[]): Promise<string> {
  return (await execa(docker, ["--host", inject("dockerAddress"), ...args])).stdout;
}

beforeEach(() => {
  process.env.KITSMITH_STATE = join(bench.directory, "state");
  return () => {
    delete process.env.KITSMITH_STATE;
  };
});

describe("depends.docker-images", () => {
  test("target-dir holds a file for each image, as docker saves and loads it", async () => {
    const context = await built(
      `image: p\narches: [amd64]\ndepends:\n  docker-images:\n    target-dir: images\n    list: ["${single}"]\n`,
      { "p/images/stale.tar": "left over", ".gitignore": "images\n" },
    );
    const name = `${single.slice(single.lastIndexOf("/") + 1)}.tar`;
    expect(await readdir(join(context, "images"))).toEqual([name]);
    const ours = join(context, "images", name);
    await dockerCommand("image", "pull", "--quiet", single);
    const theirs = join(bench.directory, "docker.tar");
    await dockerCommand("image", "save", "--output", theirs, single);
    expect((await names(ours)).sort()).toEqual((await names(theirs)).sort());
    await dockerCommand("image", "rm", "--force", single);
    expect(await dockerCommand("image", "load", "--input", ours)).toMatch(/^Loaded image/);
    expect(await readdir(join(bench.repository.directory, "p"))).toEqual(["Dockerfile", "build.yml"]);
  });

  test("target is one file with all images of a list in a file, of the platform that is built for", async () => {
    const context = await built(
      "image: p\narches: [amd64]\ndepends:\n  docker-images:\n    target: saved/all.tar\n    from-file: images.txt\n",
      { "p/images.txt": `# pinned\n\n${single}\n${whole.replace("@", ":v1@")}\n` },
    );
    const { stdout } = await execa("tar", ["-xOf", join(context, "saved/all.tar"), "manifest.json"]);
    const saved: { RepoTags: string[] | null; Config: string }[] = JSON.parse(stdout);
    expect(saved.map(({ RepoTags }) => RepoTags)).toEqual([null, [`${whole.replace(/@.*$/, "")}:v1`]]);
    expect(saved[0]?.Config).toBe(saved[1]?.Config);
    expect(await dockerCommand("image", "load", "--input", join(context, "saved/all.tar"))).toContain(":v1");
  });

  test("an image that is nowhere fails the build before any step", async () => {
    const gone = single.replace(/[0-9a-f]{64}$/, "0".repeat(64));
    const run = built(
      `image: p\narches: [amd64]\ndepends:\n  docker-images:\n    target-dir: images\n    list: ["${gone}"]\n`,
    );
    expect(await failureOf(run)).toMatchObject({ code: "RUN_FAILED", cause: { code: "REGISTRY_NOT_FOUND" } });
    await bench.expectNothingPublished();
  });

  test("equal images give equal bytes, and archives that were made are used again", async () => {
    const yml = `image: p\narches: [amd64]\ndepends:\n  docker-images:\n    target: all.tar\n    list: ["${whole}"]\n`;
    const first = await readFile(join(await built(yml), "all.tar"));
    await mkdir(join(bench.directory, "other"));
    process.env.KITSMITH_STATE = join(bench.directory, "other");
    await writeFile(join(bench.repository.directory, "p/later"), "later");
    const second = await readFile(join(await built(yml), "all.tar"));
    expect(first.equals(second)).toBe(true);
  });
});
