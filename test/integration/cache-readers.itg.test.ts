import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type ImageCache, openCache } from "kitsmith/oci";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { createImage, createShellImage, createTwoArchIndex } from "../contract/sample-image.ts";
import { testTools } from "../engines/test-tools.ts";

const { skopeo, umoci, docker, crane, podman, conmon, runc, busybox } = testTools();
const registry = inject("registryHost");

let directory: string;
let layout: string;
let cache: ImageCache;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-readers-"));
  layout = join(directory, "cache");
  cache = await openCache({ directory: layout });
});
afterEach(async () => {
  await cache[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function output(command: string, ...parameters: readonly string[]): Promise<string> {
  return (await execa(command, parameters)).stdout;
}

test("skopeo copies from the cache, and into it beside our names", async () => {
  const index = await createTwoArchIndex(cache.content);
  await cache.content.setReference("a:1", index);
  const copy = join(directory, "copy");
  await output(skopeo, "copy", "--all", `oci:${layout}:docker.io/library/a:1`, `oci:${copy}:a`);
  expect(JSON.parse(await output(skopeo, "inspect", "--raw", `oci:${copy}:a`)).manifests).toHaveLength(3);
  await output(skopeo, "copy", "--all", `oci:${copy}:a`, `oci:${layout}:docker.io/library/b:1`);
  const names = (await cache.list()).map(({ name }) => name);
  expect(names).toEqual(["docker.io/library/a:1", "docker.io/library/b:1"]);
  expect((await cache.content.resolve("b:1"))?.digest).toBe(index.digest);
  expect((await cache.clean()).left).toBeUndefined();
  expect(await cache.content.findMissing(index)).toEqual([]);
});

test("umoci unpacks what the cache and its archives hold, as our flattened tar has it", async () => {
  await cache.content.setReference("a:1", await createImage(cache.content, "amd64"));
  const bundle = join(directory, "bundle");
  await output(umoci, "unpack", "--rootless", "--image", `${layout}:docker.io/library/a:1`, bundle);
  const files = join(directory, "files.tar");
  await cache.exportTo("a:1", files, { format: "filesystem" });
  await execa("tar", ["-xf", files, "-C", directory]);
  expect(await readFile(join(directory, "file"))).toEqual(await readFile(join(bundle, "rootfs", "file")));
  expect(await readdir(join(bundle, "rootfs"))).toEqual(["file"]);
});

test("docker loads the docker archive, skopeo reads both kinds", async () => {
  const name = "docker.io/kitsmith/cached:1";
  await cache.content.setReference(name, await createTwoArchIndex(cache.content));
  const [oci, dockerTar] = [join(directory, "oci.tar"), join(directory, "docker.tar")];
  await cache.exportTo(name, oci, { platform: "linux/amd64" });
  await cache.exportTo(name, dockerTar, { format: "docker", platform: "linux/amd64" });
  const host = ["--host", inject("dockerAddress")];
  expect(await output(docker, ...host, "image", "load", "--input", dockerTar)).toContain("kitsmith/cached:1");
  const [image] = JSON.parse(await output(docker, ...host, "image", "inspect", "kitsmith/cached:1"));
  expect(image.Architecture).toBe("amd64");
  const configs = await Promise.all(
    [`oci-archive:${oci}`, `docker-archive:${dockerTar}`].map((source) =>
      output(skopeo, "inspect", "--config", source),
    ),
  );
  expect(new Set(configs.map((config) => JSON.parse(config).rootfs.diff_ids.join())).size).toBe(1);
});

test("what is pushed from the cache is valid for crane, and comes back as it was", async () => {
  const name = `${registry}/cache-readers:1`;
  const index = await createTwoArchIndex(cache.content);
  await cache.content.setReference(name, index);
  await cache.push(name, { archTags: true });
  for (const reference of [name, `${name}-amd64`, `${name}-arm64`]) {
    await output(crane, "validate", "--insecure", "--remote", reference);
  }
  expect(await output(crane, "digest", "--insecure", name)).toBe(index.digest);
  const other = await openCache({ directory: join(directory, "other") });
  expect((await other.pull(name)).digest).toBe(index.digest);
  expect(await other.content.findMissing(index)).toEqual([]);
  await other[Symbol.asyncDispose]();
});

test("podman runs what the cache exports", async () => {
  const shell = await createShellImage(cache.content, process.arch === "arm64" ? busybox.arm64 : busybox.amd64);
  await cache.content.setReference("shell:1", shell);
  const archive = join(directory, "shell.tar");
  await cache.exportTo("shell:1", archive, { format: "oci" });
  await mkdir(join(directory, ".config/containers"), { recursive: true });
  const policy = { default: [{ type: "insecureAcceptAnything" }] };
  await writeFile(join(directory, ".config/containers/policy.json"), JSON.stringify(policy));
  await writeFile(
    join(directory, "containers.conf"),
    `[engine]\nconmon_path = ["${conmon}"]\nevents_logger = "none"\n`,
  );
  const { stdout } = await execa(
    podman,
    [
      ...[
        "--root",
        join(directory, "storage"),
        "--runroot",
        join(directory, "run"),
        "--tmpdir",
        join(directory, "tmp"),
      ],
      ...["--storage-driver", "vfs", "--runtime", runc, "--cgroup-manager", "cgroupfs"],
      ...["run", "--rm", "--quiet", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"],
      ...[`oci-archive:${archive}`, "/sh", "-c", "echo from the cache"],
    ],
    {
      env: { PATH: process.env.PATH, HOME: directory, CONTAINERS_CONF: join(directory, "containers.conf") },
      extendEnv: false,
    },
  );
  expect(stdout).toBe("from the cache");
});
