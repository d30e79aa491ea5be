import { join } from "node:path";
import { execa } from "execa";
import { mergeIndexes, readReceipts, remoteTag, writeReceipt } from "kitsmith";
import { expect, inject, test } from "vitest";
import { startRegistry } from "../../sdk/testing/registry.ts";
import { testTools } from "../engines/test-tools.ts";
import { useRunBench } from "./run-bench.ts";

const registry = inject("registryHost");
const { buildx, crane, skopeo } = testTools();
const bench = useRunBench("receipts");

const FILES = {
  "p/build.yml": "image: p\narches: [amd64, arm64]\n",
  "p/Dockerfile": "FROM scratch\nCOPY . /\n",
};

/** What programs of others say of an index: its platforms. */
async function platformsOf(reference: string): Promise<readonly string[]> {
  await execa(crane, ["validate", "--insecure", "--remote", reference]);
  const { stdout } = await execa(buildx, ["imagetools", "inspect", "--raw", reference]);
  const index: { manifests: { platform: { os: string; architecture: string } }[] } = JSON.parse(stdout);
  return index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`).sort();
}

async function tagsIn(repository: string): Promise<readonly string[]> {
  const { stdout } = await execa(crane, ["ls", "--insecure", repository], { reject: false });
  return stdout.split("\n").filter(Boolean).sort();
}

test("two machines push their platforms by digest, and a third moves the tags", async () => {
  const opened = await bench.open(FILES);
  const pushed = [];
  for (const platform of ["linux/amd64", "linux/arm64"] as const) {
    // Each has a cache of its own.
    const cacheDirectory = join(bench.directory, platform.replace("/", "-"));
    const result = await opened.platforms(platform).pushByDigest({ cacheDirectory });
    await writeReceipt(join(bench.directory, `receipt-${platform.replace("/", "-")}.json`), result);
    pushed.push(result.packages[0]?.images[platform]?.digest);
  }
  const repository = `${registry}/${bench.org}/p`;
  expect(await tagsIn(repository)).toEqual([]);

  const merged = await mergeIndexes(await readReceipts(join(bench.directory, "receipt-*.json")), { tag: "v1.4.0" });
  const tag = (await opened.tag()).split(":").at(-1) ?? "";
  expect(merged.map(({ reference }) => reference)).toEqual([`${repository}:${tag}`, `${repository}:v1.4.0`]);
  const archTags = [tag, "v1.4.0"].flatMap((name) => [name, `${name}-amd64`, `${name}-arm64`]);
  expect(await tagsIn(repository)).toEqual(archTags.sort());
  for (const name of [tag, "v1.4.0"]) {
    expect(await platformsOf(`${repository}:${name}`)).toEqual(["linux/amd64", "linux/arm64"]);
    const { stdout } = await execa(crane, ["digest", "--insecure", `${repository}:${name}-arm64`]);
    expect(stdout).toBe(pushed[1]);
  }

  // What is there needs neither a build nor another index.
  const plan = await opened.plan(bench.options());
  expect(plan.packages[0]?.nodes.map(({ state }) => state)).toEqual(["published", "published"]);
  const again = await opened.pushByDigest(bench.options());
  expect(again.receipt.packages[0]?.manifests.map(({ digest }) => digest)).toEqual(pushed);
  expect((await mergeIndexes([again.receipt])).map(({ digest }) => digest)).toEqual([merged[0]?.digest]);
});

test("receipts that disagree move no tag", async () => {
  const opened = await bench.open(FILES);
  const [first, second] = [
    await opened.platforms("linux/amd64").pushByDigest(bench.options()),
    await opened.platforms("linux/amd64").labels({ other: "yes" }).pushByDigest(bench.options()),
  ];
  await expect(mergeIndexes([first.receipt, second.receipt])).rejects.toMatchObject({ code: "PLAN_INPUTS_DIFFER" });
  expect(await tagsIn(`${registry}/${bench.org}/p`)).toEqual([]);
});

test("a remote tag stands for the same bytes in the same repository, in another, and in another registry", async () => {
  const opened = await bench.open(FILES);
  const { digest, reference } = await opened.push(bench.options());
  await using other = await startRegistry({ directory: join(bench.directory, "registry") });
  const targets = [
    `${registry}/${bench.org}/p:stable`,
    `${registry}/${bench.org}/elsewhere:stable`,
    `${other.address}/team/p:stable`,
  ];
  for (const target of targets) {
    expect(await remoteTag(reference, target)).toEqual({ reference: target, digest, changed: true });
    expect(await remoteTag(reference, target)).toMatchObject({ digest, changed: false });
    expect(await platformsOf(target)).toEqual(["linux/amd64", "linux/arm64"]);
    await execa(skopeo, ["inspect", "--tls-verify=false", `docker://${target}`]);
  }
  // What it stood for is replaced.
  const replaced = targets[0] ?? "";
  await remoteTag(`${reference}-arm64`, replaced);
  await expect(remoteTag(reference, replaced)).resolves.toMatchObject({ digest, changed: true });
  await expect(remoteTag(`${registry}/${bench.org}/none:v1`, replaced)).rejects.toMatchObject({
    code: "REGISTRY_NOT_FOUND",
  });
});
