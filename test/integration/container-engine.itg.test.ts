import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type ContainerEngineOptions, engines, pkg } from "kitsmith";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { connectEngine } from "../../sdk/engine/connect-engine.ts";
import type { Engine } from "../../sdk/engine/engine.ts";
import { createEnginePool } from "../../sdk/run/engines/engine-pool.ts";
import { callCommand } from "../conformance/command-call.ts";
import { startDockerRegistry } from "../engines/docker-registry.ts";
import { testTools } from "../engines/test-tools.ts";
import { importBuilderImage } from "./builder-image.ts";
import { useRunBench } from "./run-bench.ts";
import { eventOf, eventsOf, failureOf, rejectionOf, shellPackage } from "./run-fixture.ts";

const registry = inject("registryHost");
const host = inject("dockerAddress");
const IMAGE = "kitsmith-test/buildkit:one";
const OTHER_IMAGE = "kitsmith-test/buildkit:two";
// bcrypt of "secret".
const PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
const bench = useRunBench("container");
let count = 0;
let name: string;

beforeAll(async () => {
  await importBuilderImage(host, [IMAGE, OTHER_IMAGE]);
}, 120_000);
afterAll(async () => {
  await docker("rmi", "--force", IMAGE, OTHER_IMAGE);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await docker("rm", "--force", name);
  await docker("volume", "rm", "--force", `${name}-state`);
});

async function docker(...args: readonly string[]): Promise<string> {
  return (await execa(testTools().docker, ["--host", host, ...args])).stdout;
}

/** Programs that keep credentials keep them in the test's directory. */
function cliEnvironment() {
  return { env: { DOCKER_CONFIG: bench.directory } };
}

/** A name that no other test has. */
function newName(): string {
  count += 1;
  name = `kitsmith-builder-${process.pid}-${count}`;
  return name;
}

function container(options: ContainerEngineOptions = {}) {
  return engines.container({ name, image: IMAGE, docker: { host }, ...options });
}

/** Opens the engine, as a run does. */
async function open(options: ContainerEngineOptions = {}, platforms: readonly string[] = ["amd64"]) {
  const messages: string[] = [];
  const pool = createEnginePool({
    signal: new AbortController().signal,
    emit: (event) => void (event.type === "engine.starting" && messages.push(event.detail)),
  });
  const selection = engines({ default: container(options) });
  const opening = platforms.map((architecture) => pool.forPlatform({ os: "linux", architecture }, selection));
  try {
    return { engines: (await Promise.all(opening)).map(({ engine }) => engine), messages };
  } finally {
    await Promise.allSettled(opening);
    await pool[Symbol.asyncDispose]();
  }
}

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Running: boolean; readonly StartedAt: string };
  readonly HostConfig: { readonly Privileged: boolean; readonly NetworkMode: string };
  readonly Mounts: readonly { readonly Name: string; readonly Destination: string }[];
}

async function inspect(): Promise<Inspected> {
  const [found]: readonly Inspected[] = JSON.parse(await docker("inspect", name));
  if (found === undefined) throw new Error("there is no such container");
  return found;
}

/** Leaves a mark in what the container keeps. */
async function markState(): Promise<void> {
  await docker("exec", name, "/bin/sh", "-c", "echo mark > /var/lib/buildkit/mark");
}

async function hasMark(): Promise<boolean> {
  return (
    (await docker("exec", name, "/bin/sh", "-c", "test -e /var/lib/buildkit/mark && echo yes || echo no")) === "yes"
  );
}

describe("a build in a container that docker runs", () => {
  test("makes the container, and pushes for two platforms; the next run finds it", async () => {
    newName();
    const files = await shellPackage("p", ["ARG TARGETARCH", 'RUN ["/bin/sh", "-c", "echo $TARGETARCH > /made"]'], {
      org: `${registry}/${bench.org}`,
      arches: ["amd64", "arm64"],
    });
    await bench.create(files);
    const selection = engines({ default: container() }, { emulation: "allow" });
    const source = pkg(join(bench.repository.directory, "p")).engines(selection);
    const pushing = source.push(bench.options());
    const events = await eventsOf(pushing);
    const { images } = await pushing;
    expect(Object.values(images).map(({ outcome }) => outcome)).toEqual(["built", "built"]);
    expect(events.filter(({ type }) => type === "engine.starting")).toHaveLength(2);
    const made = await inspect();
    expect(made.HostConfig).toMatchObject({ Privileged: true, NetworkMode: "host" });
    expect(made.Mounts).toMatchObject([{ Name: `${name}-state`, Destination: "/var/lib/buildkit" }]);
    await source.push({ ...bench.options(), force: true });
    expect((await inspect()).State.StartedAt).toBe(made.State.StartedAt);
    const processes = await docker("top", name, "-eo", "pid,args");
    expect(processes).not.toContain("dial-stdio");
  });
});

test("a container that dies in a build is started again, and the build goes on", async () => {
  newName();
  await bench.create(await shellPackage("p", ['RUN ["/bin/sh", "-c", "echo begun; sleep 3"]']));
  const source = pkg(join(bench.repository.directory, "p")).engines(container());
  const run = source.build(bench.options());
  await eventOf(run, ({ type }) => type === "log");
  await docker("kill", name);
  const { images } = await run;
  expect(Object.values(images).map(({ outcome }) => outcome)).toEqual(["built"]);
});

describe("the container", () => {
  test("is made once by platforms and runs at the same time", async () => {
    newName();
    const all = await Promise.all([open({}, ["amd64", "arm64"]), open({}, ["amd64"])]);
    expect(new Set(all.flatMap(({ engines: opened }) => opened.map(({ address }) => address)))).toEqual(
      new Set([`docker-container://${name}?host=${host}`]),
    );
    expect(all.flatMap(({ messages }) => messages)).toHaveLength(2);
  });

  test("is started where it does not run", async () => {
    newName();
    await open();
    const { Id } = await inspect();
    await docker("stop", name);
    await open();
    expect(await inspect()).toMatchObject({ Id, State: { Running: true } });
  });

  test("is made anew, once, where that is asked for; what it has built stays", async () => {
    newName();
    await open();
    await markState();
    const { Id } = await inspect();
    const { messages } = await open({ restart: true }, ["amd64", "arm64"]);
    expect(messages.filter((message) => message.startsWith("Removing"))).toHaveLength(1);
    expect((await inspect()).Id).not.toBe(Id);
    expect(await hasMark()).toBe(true);
  });

  test("is made anew for another image, without what it has built; without a name of one it is as it is", async () => {
    newName();
    await open();
    await markState();
    const { Id } = await inspect();
    await open({ image: `docker.io/${IMAGE}` });
    expect((await inspect()).Id).toBe(Id);
    await open({ image: OTHER_IMAGE });
    const other = await inspect();
    expect(other.Id).not.toBe(Id);
    expect(await hasMark()).toBe(false);
    const unnamed = engines.container({ name, docker: { host } });
    await using pool = createEnginePool({ signal: new AbortController().signal, emit: () => {} });
    await pool.forPlatform({ os: "linux", architecture: "amd64" }, engines({ default: unnamed }));
    expect((await inspect()).Id).toBe(other.Id);
  });

  test("is made anew where it has no privileges", async () => {
    newName();
    const state = ["--volume", `${name}-state:/var/lib/buildkit`];
    await docker("create", "--name", name, ...state, IMAGE);
    await open();
    expect((await inspect()).HostConfig.Privileged).toBe(true);
  });

  test("gets settings with the certificates that they name, and is made anew for others", async () => {
    newName();
    const [config, ca] = [join(bench.directory, "buildkitd.toml"), join(bench.directory, "ca.pem")];
    await writeFile(ca, "one\n");
    await writeFile(config, `# ours\ndebug = true\n[registry."box:5000"]\nca = ["${ca}"]\n`);
    await open();
    await markState();
    const first = await inspect();
    await open({ config });
    const second = await inspect();
    expect(second.Id).not.toBe(first.Id);
    expect(await hasMark()).toBe(true);
    const read = (path: string) =>
      docker("exec", name, "/bin/sh", "-c", `while read -r l; do echo "$l"; done < ${path}`);
    expect(await read("/etc/buildkit/certs/box_5000/ca.pem")).toBe("one");
    expect(await read("/etc/buildkit/buildkitd.toml")).toContain('"/etc/buildkit/certs/box_5000/ca.pem"');
    await docker("stop", name);
    await writeFile(config, `debug = true\n\n[registry]\n"box:5000" = { ca = ["${ca}"] }\n`);
    await open({ config });
    expect((await inspect()).Id).toBe(second.Id);
    await writeFile(ca, "two\n");
    await open({ config });
    expect((await inspect()).Id).not.toBe(second.Id);
    expect(await read("/etc/buildkit/certs/box_5000/ca.pem")).toBe("two");
  });
});

describe("what cannot be had", () => {
  test("no docker answers", async () => {
    newName();
    const failure = await failureOf(open({ docker: { host: `unix://${bench.directory}/none.sock` } }));
    expect(failure).toMatchObject({ code: "ENGINE_UNREACHABLE", hint: expect.any(String) });
    expect(await failureOf(open({ docker: { context: "no-such-context" } }))).toMatchObject({
      code: "ENGINE_NOT_FOUND",
    });
  });

  test("an image that is nowhere; the container that is there stays", async () => {
    newName();
    await open();
    const { Id } = await inspect();
    const failure = await failureOf(open({ image: `${registry}/no/such:image` }));
    expect(failure).toMatchObject({ code: "ENGINE_IMAGE_UNAVAILABLE", hint: expect.any(String) });
    expect(await inspect()).toMatchObject({ Id, State: { Running: true } });
  });

  test("an image that only some may have is pulled as who runs the build", async () => {
    newName();
    await using own = await startDockerRegistry({ auth: { username: "user", passwordHash: PASSWORD_HASH } });
    const image = `${own.host}/a/image:1`;
    await execa(testTools().crane, ["auth", "login", own.host, "-u", "user", "-p", "secret"], cliEnvironment());
    await execa(testTools().docker, ["--host", host, "tag", IMAGE, image]);
    await execa(testTools().docker, ["--host", host, "push", "--quiet", image], cliEnvironment());
    await docker("rmi", image);
    expect(await failureOf(open({ image }))).toMatchObject({ code: "ENGINE_IMAGE_UNAVAILABLE" });
    vi.stubEnv("DOCKER_CONFIG", bench.directory);
    const { messages } = await open({ image });
    expect(messages).toHaveLength(3);
    await docker("rm", "--force", name);
    await docker("rmi", image);
  });

  test("a name that another container has", async () => {
    newName();
    await docker("create", "--name", name, "--entrypoint", "/bin/sh", IMAGE);
    const { Id } = await inspect();
    expect(await failureOf(open())).toMatchObject({ code: "ENGINE_CONTAINER_TAKEN", hint: expect.any(String) });
    expect((await inspect()).Id).toBe(Id);
    expect(await failureOf(open({ name: "../x" }))).toMatchObject({ code: "INPUT_OPTION_INVALID" });
  });

  test("a buildkitd that does not take its settings; its log is told", async () => {
    newName();
    const config = join(bench.directory, "buildkitd.toml");
    await writeFile(config, 'root = 5\n[registry."a"]\nhttp = "maybe"\n');
    const failure = await failureOf(open({ config }));
    expect(failure).toMatchObject({ code: "ENGINE_START_FAILED" });
    expect(failure.message).toMatch(/toml.*Root/);
    await writeFile(config, "not = toml = at all");
    expect(await failureOf(open({ config }))).toMatchObject({ code: "INPUT_OPTION_INVALID", location: { line: 1 } });
    await writeFile(config, '[registry."a"]\nca = ["/no/such/file"]\n');
    expect(await failureOf(open({ config }))).toMatchObject({ code: "INPUT_SOURCE_MISSING" });
  });

  test("whoever gives up gets their own reason", async () => {
    newName();
    const reason = new Error("enough");
    const controller = new AbortController();
    await using pool = createEnginePool({ signal: controller.signal, emit: () => controller.abort(reason) });
    const opening = pool.forPlatform({ os: "linux", architecture: "amd64" }, engines({ default: container() }));
    expect(await rejectionOf(opening)).toBe(reason);
  });
});

describe("by its address", () => {
  test("docker-container://NAME, as the docker CLI would find it", async () => {
    newName();
    await open();
    vi.stubEnv("DOCKER_HOST", host);
    await using engine: Engine = await connectEngine(`docker-container://${name}`);
    expect(await engine.info()).toMatchObject({ version: "0.33.1" });
    expect(await engine.processors()).toBeGreaterThan(0);
    await docker("stop", name);
    expect(await failureOf(connectEngine(`docker-container://${name}`))).toMatchObject({ code: "ENGINE_UNREACHABLE" });
    expect(await failureOf(connectEngine("docker-container://kitsmith-no-such"))).toMatchObject({
      code: "ENGINE_UNREACHABLE",
    });
  });
});

describe("on the command line", () => {
  test("pkg build, builder du and builder prune use the container that flags and variables name", async () => {
    newName();
    vi.stubEnv("DOCKER_HOST", host);
    await bench.create(await shellPackage("p", ['RUN ["/bin/sh", "-c", "echo made > /made"]']));
    const flags = ["--sbom-scanner=false", "--progress=quiet", "--cache", bench.cacheDirectory];
    const named = [`--builder-name=${name}`, `--builder-image=${IMAGE}`];
    const directory = join(bench.repository.directory, "p");
    const built = await callCommand(["pkg", "build", ...flags, ...named, directory]);
    expect(built).toMatchObject({ status: 0, stderr: "" });
    expect((await inspect()).State.Running).toBe(true);
    const env = { LINUXKIT_BUILDER_NAME: name, LINUXKIT_BUILDER_IMAGE: IMAGE };
    const du = await callCommand(["pkg", "builder", "du"], env);
    expect(du).toMatchObject({ status: 0, stderr: "" });
    expect(du.stdout).toMatch(/^docker-container:\/\//);
    expect(du.stdout).not.toMatch(/^Total:\t0 B$/m);
    const pruned = await callCommand(["pkg", "builder", "prune"], env);
    expect(pruned).toMatchObject({ status: 0, stderr: "" });
    expect(pruned.stdout).toMatch(/^Reclaimed:\t[1-9][0-9.]* [kMG]?B\n$/);
    expect((await callCommand(["pkg", "builder", "du"], env)).stdout).toMatch(/^Total:\t0 B$/m);
  });

  test("a configuration that is not there is said before anything is looked at", async () => {
    newName();
    const env = { LINUXKIT_BUILDER_CONFIG: join(bench.directory, "none.toml") };
    const { status, stderr } = await callCommand(["pkg", "builder", "du", `--builder-name=${name}`], env);
    expect(status).toBe(1);
    expect(stderr).toContain("INPUT_SOURCE_MISSING");
  });
});
