import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { openCache } from "../../sdk/oci/layout/cache.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { createRegistryClient } from "../../sdk/oci/registry/client.ts";
import { pushImage } from "../../sdk/oci/registry/publishing/image-copy.ts";
import { publishIndex } from "../../sdk/oci/registry/publishing/publish-index.ts";
import { type RunningRegistry, startRegistry } from "../../sdk/testing/registry.ts";
import { describeRegistry } from "../contract/registry-suite.ts";
import { createTwoArchIndex } from "../contract/sample-image.ts";
import { startDockerRegistry } from "../engines/docker-registry.ts";
import { testTools } from "../engines/test-tools.ts";

const run = promisify(execFile);

describeRegistry("the distribution's registry", async () => {
  const registry = await startDockerRegistry();
  return { address: registry.host, [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose]() };
});

// bcrypt of "secret".
const PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

test("basic authentication with the distribution's registry", async () => {
  await using registry = await startDockerRegistry({ auth: { username: "user", passwordHash: PASSWORD_HASH } });
  const anonymous = createRegistryClient();
  const known = createRegistryClient({
    credentials: { get: async () => ({ kind: "basic", username: "user", password: "secret" }) },
  });
  const repository = { registry: registry.host, repository: "a" };
  await expect(anonymous.checkPush(repository)).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
  await expect(known.checkPush(repository)).resolves.toBeUndefined();
  anonymous.close();
  known.close();
});

describe("other programs and the embedded registry", () => {
  let directory: string;
  let registry: RunningRegistry;
  let index: Descriptor;
  const tools = testTools();
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "kitsmith-readers-"));
    registry = await startRegistry({ directory: join(directory, "registry") });
    const cache = await openCache(join(directory, "cache"));
    index = await createTwoArchIndex(cache);
    await cache.setReference("app:v1", index);
    const client = createRegistryClient();
    const repository = { registry: registry.address, repository: "team/app" };
    await pushImage(client, repository, cache, index);
    const entries = await cache.flattenIndex(index);
    index = await publishIndex({ client, repository, tag: "v1", entries });
    client.close();
  });
  afterAll(async () => {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });

  test("skopeo reads both architectures, and the index's own bytes", async () => {
    const name = `docker://${registry.address}/team/app:v1`;
    const raw = await run(tools.skopeo, ["inspect", "--tls-verify=false", "--raw", name], { encoding: "buffer" });
    expect(raw.stdout.byteLength).toBe(index.size);
    for (const architecture of ["amd64", "arm64"]) {
      const target = `dir:${join(directory, architecture)}`;
      await run(tools.skopeo, ["copy", "--src-tls-verify=false", "--override-arch", architecture, name, target]);
      const inspected = await run(tools.skopeo, ["inspect", target]);
      expect(JSON.parse(inspected.stdout).Architecture).toBe(architecture);
    }
  });

  test("skopeo pushes what our client reads", async () => {
    const from = `docker://${registry.address}/team/app:v1`;
    const to = `docker://${registry.address}/other/app:v1`;
    await run(tools.skopeo, ["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", from, to]);
    const client = createRegistryClient();
    const found = await client.resolveManifest({ registry: registry.address, repository: "other/app", tag: "v1" });
    client.close();
    expect(found?.digest).toBe(index.digest);
  });

  test("crane finds nothing wrong", async () => {
    await run(tools.crane, ["validate", "--insecure", "--remote", `${registry.address}/team/app:v1`]);
    const { stdout } = await run(tools.crane, ["ls", "--insecure", `${registry.address}/team/app`]);
    // What is attested of an image is noted under the tag that the specification has for its referrers.
    const tags = stdout
      .trim()
      .split("\n")
      .map((tag) => tag.replace(/^sha256-[0-9a-f]{64}$/, "referrers"));
    expect(tags.sort()).toEqual(["referrers", "v1", "v1-amd64", "v1-arm64"]);
  });

  test("buildx finds both architectures and what is attested", async () => {
    const name = `${registry.address}/team/app:v1`;
    const { stdout } = await run(tools.buildx, ["imagetools", "inspect", "--raw", name], { encoding: "buffer" });
    expect(digestOf(stdout)).toBe(index.digest);
    const described = await run(tools.buildx, ["imagetools", "inspect", name]);
    for (const part of ["linux/amd64", "linux/arm64", "attestation-manifest"]) expect(described.stdout).toContain(part);
  });

  test("skopeo reads the cache and our archives", async () => {
    const layout = `oci:${join(directory, "cache")}:docker.io/library/app:v1`;
    const { stdout } = await run(tools.skopeo, ["inspect", "--override-arch", "arm64", layout]);
    expect(JSON.parse(stdout).Architecture).toBe("arm64");
    const cache = await openCache(join(directory, "cache"));
    for (const format of ["oci", "docker"] as const) {
      const platform = { os: "linux", architecture: "amd64" };
      const file = join(directory, `${format}.tar`);
      await writeFile(
        file,
        cache.exportArchive(await present(cache), { format, platform, name: "docker.io/library/app:v1" }),
      );
      const archive = await run(tools.skopeo, ["inspect", `${format}-archive:${file}`]);
      expect(JSON.parse(archive.stdout)).toMatchObject({ Architecture: platform.architecture, Os: "linux" });
    }
  });
});

async function present(cache: Awaited<ReturnType<typeof openCache>>): Promise<Descriptor> {
  const found = await cache.resolve("app:v1");
  if (found === undefined) throw new Error("the cache lost its image");
  return found;
}
