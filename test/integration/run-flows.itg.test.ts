import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { engines, type FluentPackage, llb, type PackageResult, pkg, pkgs, type Run } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { testTools } from "../engines/test-tools.ts";
import { publishBaseImage } from "./base-image.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";

const registry = inject("registryHost");
const { skopeo, umoci } = testTools();

interface SyncedFiles {
  readonly name: string;
  readonly filesSent: number;
}

/** What the client sent of the build context during a run. */
async function filesSent(run: Run<unknown>): Promise<readonly SyncedFiles[]> {
  const sent: SyncedFiles[] = [];
  for await (const event of run) {
    if (event.type === "context.synced" && event.name === "context" && event.filesSent > 0) sent.push(event);
  }
  await run;
  return sent;
}

async function inspect(reference: string, ...flags: string[]): Promise<unknown> {
  const { stdout } = await execa(skopeo, ["inspect", "--tls-verify=false", ...flags, `docker://${reference}`]);
  return JSON.parse(stdout);
}

describe.each(BOTH_ENGINES)("a run on %s", (name, engine) => {
  const org = `${registry}/flows-${name}`;
  let cacheDirectory: string;
  let base: string;
  let repository: PackageRepository;

  const options = () => ({ cacheDirectory });
  const open = (path: string): FluentPackage => pkg(join(repository.directory, path)).org(org).engines(engine);

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-flows-"));
    base = await publishBaseImage(registry, engine, cacheDirectory);
    repository = await createRepository({
      "hello/build.yml": "image: hello\narches: [amd64, arm64]\nconfig:\n  capabilities: [CAP_NET_ADMIN]\n",
      "hello/Dockerfile": "FROM scratch\nCOPY . /\n",
      "hello/greeting": "hello\n",
      "hello/large": "x".repeat(100_000),
      "hello/.dockerignore": "large\n",
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test("pushes two platforms and one index, which skopeo reads back to the byte", async () => {
    const pushed = await open("hello").platforms("linux/amd64", "linux/arm64").push(options());
    expect(pushed.images["linux/arm64"].outcome).toBe("built");

    const { stdout: raw } = await execa(skopeo, [
      "inspect",
      "--tls-verify=false",
      "--raw",
      `docker://${pushed.reference}`,
    ]);
    const index = JSON.parse(raw);
    expect(index.mediaType).toBe("application/vnd.oci.image.index.v1+json");
    expect(index.manifests.map((entry: { digest: string }) => entry.digest)).toEqual([
      pushed.images["linux/amd64"].digest,
      pushed.images["linux/arm64"].digest,
    ]);
    for (const architecture of ["amd64", "arm64"]) {
      expect(await inspect(pushed.reference, `--override-arch=${architecture}`)).toMatchObject({
        Architecture: architecture,
        Labels: { "org.mobyproject.config": '{"capabilities":["CAP_NET_ADMIN"]}' },
      });
      expect(await inspect(`${pushed.reference}-${architecture}`)).toMatchObject({ Architecture: architecture });
    }
  });

  test("does nothing when nothing changed, and says why", async () => {
    const run = open("hello").push(options());
    expect(await filesSent(run)).toEqual([]);
    const { images } = await run;
    expect(Object.values(images).map(({ outcome, why }) => [outcome, why])).toEqual([
      ["published", "the registry has this tag and platform"],
      ["published", "the registry has this tag and platform"],
    ]);
  });

  test("sends what changed once for all platforms that are built at the same time", async () => {
    await repository.write("hello/greeting", "good evening\n");
    await repository.commit();
    const sent = await filesSent(open("hello").platforms("linux/amd64", "linux/arm64").push(options()));
    expect(sent.map(({ filesSent: count }) => count)).toEqual([1]);
  });

  test("sends only the file that changed", async () => {
    await repository.write("hello/greeting", "good morning\n");
    await repository.commit();
    const sent = await filesSent(open("hello").platforms("linux/amd64").push(options()));
    expect(sent.map(({ filesSent: count }) => count)).toEqual([1]);
    await open("hello").push(options());
  });

  test("a .dockerignore has no effect on a build.yml package, unless it is honoured", async () => {
    await using plain = await openImage(open("hello"), "linux/amd64", options());
    expect(await plain.readDirectory("/")).toContain("large");
    await using honoured = await openImage(open("hello").ignoreFiles().tag("honoured"), "linux/amd64", options());
    expect(await honoured.readDirectory("/")).not.toContain("large");
  });

  test("a platform that is added later joins the index", async () => {
    const one = open("hello").tag("later-{{.Hash}}");
    const first = await one.platforms("linux/amd64").push(options());
    const second = await one.platforms("linux/arm64").push(options());
    expect(second.reference).toBe(first.reference);
    expect(await inspect(second.reference, "--raw")).toMatchObject({
      manifests: [
        { digest: first.images["linux/amd64"].digest, platform: { architecture: "amd64" } },
        { digest: second.images["linux/arm64"].digest, platform: { architecture: "arm64" } },
      ],
    });
  });

  test("build() and push() give one digest, and the cache is an OCI layout that others read", async () => {
    const same = open("hello").tag("same-{{.Hash}}");
    const built = await same.build(options());
    const pushed = await same.push({ ...options(), force: true });
    expect(pushed.digest).toBe(built.digest);
    const unpacked = await mkdtemp(join(tmpdir(), "kitsmith-unpacked-"));
    const layout = join(unpacked, "layout");
    await execa(skopeo, [
      "copy",
      "--override-arch=arm64",
      `oci:${cacheDirectory}:${built.reference}`,
      `oci:${layout}:x`,
    ]);
    await execa(umoci, ["unpack", "--rootless", "--image", `${layout}:x`, join(unpacked, "bundle")]);
    expect(await readFile(join(unpacked, "bundle/rootfs/greeting"), "utf8")).toBe("good morning\n");
    await rm(unpacked, { recursive: true, force: true });
  });

  test("what only the cache has is pushed from there, without an engine", async () => {
    const cached = open("hello").tag("cached-{{.Hash}}");
    const built = await cached.build(options());
    const nowhere = cached.engines("unix:///nowhere.sock");
    const pushed = await nowhere.push(options());
    expect(pushed.digest).toBe(built.digest);
    expect(Object.values(pushed.images).map((image) => image.outcome)).toEqual(["cached", "cached"]);
    expect(await inspect(pushed.reference, "--override-arch=arm64")).toMatchObject({ Architecture: "arm64" });
  });

  test("what only the registry has is pulled by build(), without an engine", async () => {
    const fresh = await mkdtemp(join(tmpdir(), "kitsmith-fresh-"));
    const pulled = await open("hello").engines("unix:///nowhere.sock").build({ cacheDirectory: fresh });
    expect(Object.values(pulled.images).map((image) => image.outcome)).toEqual(["pulled", "pulled"]);
    expect((await readdir(join(fresh, "blobs/sha256"))).length).toBeGreaterThan(4);
    await rm(fresh, { recursive: true, force: true });
  });

  test("writes OCI and docker archives, root file systems as tar and as a directory", async () => {
    const dest = await mkdtemp(join(tmpdir(), "kitsmith-export-"));
    const hello = open("hello").platforms("linux/amd64", "linux/arm64");
    await hello.export({ ...options(), type: "oci", dest: join(dest, "hello.oci") });
    await hello.export({ ...options(), type: "docker", dest: join(dest, "hello.tar") });
    await hello.export({ ...options(), type: "tar", dest: join(dest, "root.tar") });
    await hello.export({ ...options(), type: "local", dest: join(dest, "root") });
    expect((await readdir(dest)).sort()).toEqual([
      "hello-amd64.tar",
      "hello-arm64.tar",
      "hello.oci",
      "root",
      "root-amd64.tar",
      "root-arm64.tar",
    ]);
    const { stdout: archived } = await execa(skopeo, [
      "inspect",
      "--override-arch=arm64",
      `oci-archive:${dest}/hello.oci`,
    ]);
    expect(JSON.parse(archived)).toMatchObject({ Architecture: "arm64" });
    const { stdout: docker } = await execa(skopeo, ["inspect", `docker-archive:${dest}/hello-arm64.tar`]);
    expect(JSON.parse(docker)).toMatchObject({ Architecture: "arm64" });
    const { stdout: listed } = await execa("tar", ["-tf", join(dest, "root-amd64.tar")]);
    expect(listed.split("\n")).toContain("greeting");
    expect(await readFile(join(dest, "root/linux_arm64/greeting"), "utf8")).toBe("good morning\n");
    await rm(dest, { recursive: true, force: true });
  });

  test("four packages at once do not overwrite each other's context", async () => {
    const names = ["one", "two", "three", "four"];
    await using several = await createRepository(
      Object.fromEntries(
        names.flatMap((each) => [
          [`pkg/${each}/build.yml`, `image: ${each}\norg: ${org}\narches: [amd64]\n`],
          [`pkg/${each}/Dockerfile`, "FROM scratch\nCOPY name /\n"],
          [`pkg/${each}/name`, each],
        ]),
      ),
    );
    const set = pkgs(join(several.directory, "pkg/*")).engines(engine);
    const { packages } = await set.build(options());
    expect(packages.map((one: PackageResult) => one.name)).toEqual(
      ["four", "one", "three", "two"].map((each) => `${org}/${each}`),
    );
    for (const each of names) {
      const one = pkg(join(several.directory, "pkg", each)).engines(engine);
      await using image = await openImage(one, "linux/amd64", options());
      expect(await image.readFile("/name", "utf8")).toBe(each);
    }
  });

  test("extra sources lie in the context, and a change of one makes another tag", async () => {
    await using shared = await createRepository({
      "common/lib/tool": { content: "#!/bin/sh\n", mode: 0o755 },
      "app/build.yml": `image: app\norg: ${org}\narches: [amd64]\nextra-sources:\n  - ../common:vendor/common\n`,
      "app/Dockerfile": "FROM scratch\nCOPY vendor/common/lib/tool /tool\n",
    });
    const app = pkg(join(shared.directory, "app")).engines(engine);
    const before = await app.tag();
    await using image = await openImage(app, "linux/amd64", options());
    await image.assertFile("/tool", { executable: true });
    expect(await stat(join(shared.directory, "app/vendor")).catch(() => undefined)).toBeUndefined();
    await shared.write("common/lib/tool", { content: "#!/bin/sh\ntrue\n", mode: 0o755 });
    await shared.commit();
    expect(await app.tag()).not.toBe(before);
  });

  test("runs steps for arm64 under real emulation, where that is allowed", async () => {
    await using emulated = await createRepository({
      "machine/build.yml": `image: machine\norg: ${org}\narches: [amd64, arm64]\n`,
      "machine/Dockerfile": `FROM ${base}\nRUN uname -m > /machine\n`,
    });
    const machine = pkg(join(emulated.directory, "machine")).engines(
      engines({ default: engine }, { emulation: "allow" }),
    );
    for (const [platform, expected] of [
      ["linux/amd64", "x86_64\n"],
      ["linux/arm64", "aarch64\n"],
    ] as const) {
      await using image = await openImage(machine, platform, options());
      expect(await image.readFile("/machine", "utf8")).toBe(expected);
    }
  });

  test("a recipe cross-compiles on the engine's platform, inherits from its base and sets the image's config", async () => {
    await using code = await createRepository({ "agent/source": "agent source\n" });
    const agent = pkg({
      directory: join(code.directory, "agent"),
      org,
      image: "agent",
      platforms: ["linux/amd64", "linux/arm64"],
      config: { pid: "host" },
      recipe: ({ platform, buildPlatform, context }) => {
        const build = llb
          .image(base, { platform: buildPlatform })
          .workdir("/src")
          .copy(context("."), "/src")
          .run('read line < source; echo "$line for $GOARCH" > /out', { env: { GOARCH: platform.architecture } });
        return llb.scratch().copy(build.path("/out"), "/agent").env("A", "1").entrypoint("/agent", "run");
      },
    }).engines(engine);
    const pushed = await agent.platforms("linux/amd64", "linux/arm64").push(options());
    expect(pushed.images["linux/arm64"].outcome).toBe("built");
    await using image = await openImage(agent, "linux/arm64", options());
    expect(await image.readFile("/agent", "utf8")).toBe("agent source for arm64\n");
    expect(image.config.config).toMatchObject({
      entrypoint: ["/agent", "run"],
      labels: { "org.mobyproject.config": '{"pid":"host"}' },
    });
    expect(image.config.config.env).toContain("A=1");
  });
});

describe("docker, as an independent reader", () => {
  const host = inject("dockerAddress");
  const docker = (...args: string[]) => execa(testTools().docker, ["--host", host, ...args]);
  let cacheDirectory: string;
  let repository: PackageRepository;
  let shout: FluentPackage;

  beforeAll(async () => {
    const engine = engines.docker({ host });
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-docker-"));
    const base = await publishBaseImage(registry, engine, cacheDirectory);
    repository = await createRepository({
      "shout/build.yml": `image: shout\norg: ${registry}/shout\narches: [amd64, arm64]\n`,
      "shout/Dockerfile": `FROM ${base}\nCMD ["/bin/sh", "-c", "uname -m"]\n`,
    });
    shout = pkg(join(repository.directory, "shout")).engines(engine);
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test.each([
    ["amd64", "x86_64"],
    ["arm64", "aarch64"],
  ])("runs what was pushed, on %s", async (architecture, machine) => {
    const { reference } = await shout.push({ cacheDirectory });
    const { stdout } = await docker("run", "--rm", "--network=none", `--platform=linux/${architecture}`, reference);
    expect(stdout).toBe(machine);
  });

  test("runs what load() gave it", async () => {
    vi.stubEnv("DOCKER_HOST", host);
    const { images } = await shout.platforms("linux/amd64").tag("loaded-{{.Hash}}").load({ cacheDirectory });
    vi.unstubAllEnvs();
    const { stdout } = await docker("run", "--rm", "--network=none", "--pull=never", images["linux/amd64"].reference);
    expect(stdout).toBe("x86_64");
  });
});
