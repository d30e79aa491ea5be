import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { beforeEach, describe, expect, inject, test, vi } from "vitest";
import { callCommand } from "../conformance/command-call.ts";
import { testTools } from "../engines/test-tools.ts";
import { useRunBench } from "./run-bench.ts";
import { cacheNames, shellPackage, tagsOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const { crane, docker } = testTools();
const bench = useRunBench("commands");
const FILES = {
  "p/build.yml": "image: p\narches: [amd64, arm64]\n",
  "p/Dockerfile": "FROM scratch\nCOPY greeting /\n",
  "p/greeting": "hello\n",
};

let directory: string;
let name: string;
let tag: string;

beforeEach(async () => {
  await bench.create(FILES);
  directory = join(bench.repository.directory, "p");
  name = `${registry}/${bench.org}/p`;
  tag = await tagNow();
});

const tagNow = async () => (await call("show-tag")).stdout.trim().replace(/^.*:/, "");
const sorted = async (names: Promise<readonly string[]>) => [...(await names)].sort();

function call(command: string, ...flags: readonly string[]) {
  const own = command === "show-tag" || command === "manifest" ? [] : ENGINE;
  const cache = ["--cache", bench.cacheDirectory];
  return callCommand(["pkg", command, ...cache, `--org=${registry}/${bench.org}`, ...own, ...flags, directory]);
}

const ENGINE = ["--builders", `default=${inject("buildkitAddress")}`, "--sbom-scanner=false", "--progress=quiet"];

async function manifest(reference: string): Promise<{ manifests: { platform: { architecture: string } }[] }> {
  return JSON.parse((await execa(crane, ["manifest", "--insecure", reference])).stdout);
}

describe("pkg build", () => {
  test("build leaves what LinuxKit reads in the cache", async () => {
    const { status, stdout } = await call("build");
    expect(status).toBe(0);
    expect(await cacheNames(bench.cacheDirectory)).toEqual([
      `${name}:${tag}-amd64`,
      `${name}:${tag}-arm64`,
      `${name}:${tag}`,
    ]);
    expect(stdout.split("\n").filter((line) => !line.includes("@") && !line.includes("sha256:"))).toEqual([
      `Building "${name}:${tag}"`,
      `checking for ${name}:${tag} in local cache...`,
      `${name}:${tag} amd64 not found, will build`,
      `${name}:${tag} arm64 not found, will build`,
      `building ${name}:${tag} for arches: amd64,arm64`,
      expect.stringMatching(/^Building for arch (amd64|arm64) as /),
      expect.stringMatching(/^Building for arch (amd64|arm64) as /),
      "Build complete, not pushing, all done.",
      "",
    ]);
    const again = await call("build");
    expect(again.stdout).toContain(`found ${name}:${tag} in local cache, skipping build\n`);
    expect(again.stdout).not.toContain("Building for arch");
  });

  test("base images are pulled to the cache first, where that is asked for", async () => {
    expect((await call("push")).status).toBe(0);
    const base = `${name}:${tag}`;
    const other = join(bench.directory, "empty");
    const build = (...flags: readonly string[]) => call("build", "--cache", other, "--platforms=linux/amd64", ...flags);
    await bench.repository.write("p/Dockerfile", `FROM ${base} AS base\nFROM scratch\nCOPY --from=base /greeting /\n`);
    await bench.repository.commit();
    expect((await build("--ignore-cached", "--precache-images")).status).toBe(0);
    expect(await cacheNames(other)).not.toContain(base);
    expect((await build("--force", "--precache-images")).status).toBe(0);
    expect(await cacheNames(other)).toEqual(expect.arrayContaining([base, `${base}-amd64`]));
    await bench.repository.write("p/Dockerfile", `FROM ${name}:none\nCOPY greeting /\n`);
    await bench.repository.commit();
    const failed = await build("--precache-images");
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain("REGISTRY_NOT_FOUND");
  });

  test("a package without architectures is skipped", async () => {
    await bench.repository.write("p/build.yml", "image: p\narches: []\n");
    const { status, stdout } = await call("build");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Skipping .* with no architectures to build$/m);
    expect((await call("build", "--skip-platforms=linux/amd64")).status).toBe(0);
  });

  test("with docker, they are loaded, and pushed as well", async () => {
    vi.stubEnv("DOCKER_HOST", inject("dockerAddress"));
    const { status, stdout } = await call("build", "--docker", "--push");
    vi.unstubAllEnvs();
    expect(status).toBe(0);
    expect(stdout).toContain("Build and push complete, not releasing, all done.\n");
    expect(await tagsOf(registry, `${bench.org}/p`)).toContain(tag);
    const { stdout: loaded } = await execa(docker, [
      "--host",
      inject("dockerAddress"),
      "image",
      "ls",
      "--format",
      "{{.Tag}}",
      name,
    ]);
    expect(loaded.split("\n").sort()).toEqual(
      [tag, `${tag}-amd64`, `${tag}-arm64`].filter((each) => loaded.split("\n").includes(each)),
    );
    expect(loaded).toContain(`${tag}-amd64`);
  });

  test("a scanner that cannot be had is said before the build, with the switch", async () => {
    const { status, stdout, stderr } = await call("build", "--sbom-scanner", `${registry}/there-is/no-scanner`);
    expect(status).toBe(1);
    expect(stderr).toContain("PLAN_SCANNER_UNAVAILABLE");
    expect(stderr).toContain("--sbom-scanner=false");
    expect(stdout).not.toContain("Building for arch");
    expect(await cacheNames(bench.cacheDirectory)).toEqual([]);
  });

  test("proxies of the environment reach the steps", async () => {
    const files = await shellPackage("p", [
      'RUN ["/bin/sh", "-c", "echo $http_proxy $NO_PROXY > /proxies"]',
      "ARG all_proxy",
      'RUN ["/bin/sh", "-c", "echo $all_proxy >> /proxies"]',
    ]);
    for (const [path, content] of Object.entries(files)) await bench.repository.write(path, content);
    await bench.repository.commit();
    vi.stubEnv("http_proxy", "http://proxy.example:3128");
    vi.stubEnv("NO_PROXY", "127.0.0.1,localhost");
    vi.stubEnv("all_proxy", "socks5://proxy.example");
    const { status } = await call("build");
    vi.unstubAllEnvs();
    expect(status).toBe(0);
    const archive = join(bench.directory, "root.tar");
    const exported = [
      "cache",
      "export",
      "--cache",
      bench.cacheDirectory,
      "--format",
      "filesystem",
      "--platform",
      "linux/amd64",
    ];
    const end = await callCommand([...exported, "--outfile", archive, `${registry}/${bench.org}/p:${await tagNow()}`]);
    expect(end.stderr).toBe("");
    expect((await execa("tar", ["-xOf", archive, "proxies"])).stdout).toBe(
      "http://proxy.example:3128 127.0.0.1,localhost\nsocks5://proxy.example",
    );
  });
});

describe("pkg push", () => {
  test("push leaves in the cache what it pushed", async () => {
    const { status, stdout } = await call("push");
    expect(status).toBe(0);
    expect(stdout).toContain(`Building and pushing "${name}:${tag}"\n`);
    expect(stdout).toMatch(/^Build and push complete, not releasing, all done\.$/m);
    const published = [tag, `${tag}-amd64`, `${tag}-arm64`];
    expect(await sorted(tagsOf(registry, `${bench.org}/p`))).toEqual(published);
    expect(await sorted(cacheNames(bench.cacheDirectory))).toEqual(published.map((each) => `${name}:${each}`));
    const index = JSON.parse(await readFile(join(bench.cacheDirectory, "index.json"), "utf8"));
    const digests = new Map<string, string>(
      index.manifests.map((entry: { digest: string; annotations: Record<string, string> }) => [
        entry.annotations["org.opencontainers.image.ref.name"],
        entry.digest,
      ]),
    );
    expect(digests.get(`${name}:${tag}`)).toBe((await execa(crane, ["digest", "--insecure", `${name}:${tag}`])).stdout);
    expect(stdout).toContain(`${name}:${tag} ${digests.get(`${name}:${tag}`)}\n`);
  });

  test("with nobuild, what the cache has is pushed, and nothing else", async () => {
    expect(await call("push", "--nobuild")).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringContaining("No new platforms to push, skipping.\n"),
    });
    await call("build", "--platforms=linux/arm64");
    const { status, stdout } = await call("push", "--nobuild");
    expect(status).toBe(0);
    expect(stdout).toContain(`Pushing "${name}:${tag}" without building\n`);
    expect(await sorted(tagsOf(registry, `${bench.org}/p`))).toEqual([tag, `${tag}-arm64`]);
  });

  test("without the tags of architectures, and under a release tag", async () => {
    const { status, stdout, stderr } = await call("push", "--manifest=false", "--release", "v1.0");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain('Build, push and release of "v1.0" complete, all done.\n');
    expect(await sorted(tagsOf(registry, `${bench.org}/p`))).toEqual([tag, "v1.0"].sort());
    expect(await manifest(`${name}:v1.0`)).toEqual(await manifest(`${name}:${tag}`));
  });

  test("a release tag that exists is left alone; git's tags of the commit are release tags", async () => {
    await call("push", "--release", "v1.0");
    const before = await manifest(`${name}:v1.0`);
    await bench.repository.write("p/greeting", "again\n");
    await bench.repository.commit();
    await execa("git", ["-C", bench.repository.directory, "tag", "v1.0"]);
    await execa("git", ["-C", bench.repository.directory, "tag", "v1.1"]);
    const { status } = await call("push");
    expect(status).toBe(0);
    expect(await manifest(`${name}:v1.0`)).toEqual(before);
    expect(await manifest(`${name}:v1.1`)).toEqual(await manifest(`${name}:${await tagNow()}`));
    expect(await tagsOf(registry, `${bench.org}/p`)).toEqual(expect.arrayContaining(["v1.0-amd64", "v1.1-arm64"]));
  });

  test("a package with changes is refused before anything is built", async () => {
    await bench.repository.write("p/greeting", "changed\n");
    const { status, stderr, stdout } = await call("push");
    expect(status).toBe(1);
    expect(stderr).toContain("PLAN_TREE_DIRTY");
    expect(stdout).not.toContain("Building for arch");
    await bench.expectNothingPublished();
  });
});

describe("other pkg commands", () => {
  test("manifest makes one index of what machines pushed by architecture", async () => {
    const empty = await call("manifest");
    expect(empty).toMatchObject({ status: 0, stderr: expect.stringContaining("no index was made") });
    expect(await tagsOf(registry, `${bench.org}/p`)).toEqual([]);
    for (const arch of ["amd64", "arm64"]) await call("push", `--platforms=linux/${arch}`);
    const { stdout: digest } = await execa(crane, ["digest", "--insecure", `${name}:${tag}`]);
    await execa(crane, ["delete", "--insecure", `${name}@${digest}`]);
    const made = await call("manifest", "--release=v2");
    expect(made.status).toBe(0);
    expect(made.stdout).toContain(`Updating index for "${name}:${tag}"\n`);
    const { manifests } = await manifest(`${name}:${tag}`);
    expect(manifests.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
    expect(
      (await callCommand(["pkg", "push", "-image=false", "-manifest", `-org=${registry}/${bench.org}`, directory]))
        .stdout,
    ).toContain(`Updating index for "${name}:${tag}"\n`);
  });

  test("--ssh takes sockets and private keys, and says before a build which of them cannot be used", async () => {
    const keys = ["open", "locked"].map((one) => join(bench.directory, one));
    for (const [index, file] of keys.entries()) {
      await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", index === 0 ? "" : "geheim", "-f", file]);
    }
    const [open = "", locked = ""] = keys;
    expect((await call("build", `--ssh=default=${open}`, `--ssh=deploy=${open},${open}`)).status).toBe(0);
    const refused = [
      [locked, "INPUT_SSH_AGENT_UNUSABLE"],
      [`${open}.pub`, "INPUT_SSH_AGENT_UNUSABLE"],
      [join(bench.directory, "none"), "INPUT_SSH_AGENT_UNUSABLE"],
      [`${open},${join(bench.directory, "none")}`, "INPUT_SECRET_MISSING"],
    ];
    for (const [given, code] of refused) {
      const { status, stderr } = await call("build", "--force", `--ssh=default=${given}`);
      expect([given, status]).toEqual([given, 1]);
      expect(stderr).toContain(code);
      expect(stderr).not.toContain("PRIVATE KEY");
    }
  });

  test("explain-tag tells what the tag is made from, and what differs from an image", async () => {
    const explain = async (...flags: string[]) => {
      const end = await callCommand([
        "pkg",
        "explain-tag",
        "--cache",
        bench.cacheDirectory,
        `-org=${registry}/${bench.org}`,
        ...flags,
        directory,
      ]);
      expect(end).toMatchObject({ status: 0, stderr: "" });
      return end.stdout;
    };
    expect(await explain()).toMatch(new RegExp(`^${name}:${tag}\\n  in the tag  tree \\.: ${tag}\\n`));
    await call("push");
    const pushed = `${name}:${tag}`;
    expect(await explain("--against", pushed)).toContain(`nothing differs from ${pushed}\n`);
    await bench.repository.write("p/greeting", "changed\n");
    await bench.repository.write("p/build.yml", "image: p\narches: [amd64]\nconfig:\n  binds: [/a:/a]\n");
    await bench.repository.commit();
    await bench.repository.write("p/new", "new\n");
    const told = JSON.parse(await explain("--json", "--against", pushed));
    expect(told.differences).toEqual([
      { kind: "tag", name: "tag", theirs: tag, ours: expect.stringContaining("-dirty-") },
      { kind: "file", name: "p/build.yml", theirs: expect.any(String), ours: expect.any(String) },
      { kind: "file", name: "p/greeting", theirs: expect.any(String), ours: expect.any(String) },
      { kind: "file", name: "p/new", ours: "uncommitted" },
      { kind: "label", name: "org.mobyproject.config", ours: '{"binds":["/a:/a"]}' },
    ]);
    expect((await callCommand(["pkg", "explain-tag", "--against", `${name}:none`, directory])).status).toBe(1);
  });

  test("remote-tag gives an image another name", async () => {
    await call("push");
    const names = [`${name}:${tag}`, `${name}:other`];
    expect(await callCommand(["pkg", "remote-tag", ...names])).toMatchObject({ status: 0, stderr: "" });
    expect(await manifest(`${name}:other`)).toEqual(await manifest(`${name}:${tag}`));
    expect((await callCommand(["pkg", "remote-tag", ...names])).stdout).toContain("there already");
    expect((await callCommand(["pkg", "remote-tag", `${name}:none`, `${name}:x`])).status).toBe(1);
  });

  test("builder du lists what lies in the engine's cache", async () => {
    await call("build");
    const du = await callCommand(["pkg", "builder", "du", "--builders", `default=${inject("buildkitAddress")}`]);
    expect(du).toMatchObject({ status: 0, stderr: "" });
    expect(du.stdout).toMatch(/^ID +RECLAIMABLE +SIZE +LAST ACCESSED$/m);
    expect(du.stdout).toMatch(/^Total:\t[0-9.]+ [kMG]?B$/m);
  });
});
