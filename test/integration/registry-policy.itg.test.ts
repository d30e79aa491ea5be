import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { execa } from "execa";
import { engines, pkg } from "kitsmith";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { startOwnEngine, stopOwnEngine } from "../../sdk/engine/lifecycle/own-engine.ts";
import { engineAccess } from "../../sdk/run/engines/engine-registries.ts";
import { type RunningRegistry, startRegistry } from "../../sdk/testing/registry.ts";
import { testTools } from "../engines/test-tools.ts";
import { publishBaseImage } from "./base-image.ts";
import { useRunBench } from "./run-bench.ts";

const shared = inject("registryHost");
const { skopeo, binDirectories } = testTools();
const bench = useRunBench("policy");
const cleanups: (() => Promise<unknown>)[] = [];
const environment = { ...process.env };

beforeEach(() => {
  // Nothing of the machine's own settings counts here.
  process.env.DOCKER_CONFIG = bench.directory;
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  for (const name of ["DOCKER_CONFIG", "DOCKER_AUTH_CONFIG"]) delete process.env[name];
  Object.assign(process.env, environment);
});

async function start(options: Omit<Parameters<typeof startRegistry>[0], "directory"> = {}): Promise<RunningRegistry> {
  const registry = await startRegistry({ directory: join(bench.directory, "registry"), ...options });
  cleanups.push(() => registry.close());
  return registry;
}

/** Puts a base image with a shell into a registry. */
async function copyBase(target: string, ...flags: readonly string[]): Promise<void> {
  const base = await publishBaseImage(shared, engines.buildkit(inject("buildkitAddress")), bench.cacheDirectory);
  const names = [`docker://${base}`, `docker://${target}`];
  await execa(skopeo, ["copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", ...flags, ...names]);
}

/** The same registry by TLS, with a certificate that only its file vouches for. */
async function startSecure(registry: RunningRegistry): Promise<{ address: string; certificateFile: string }> {
  const [keyFile, certificateFile] = [join(bench.directory, "key.pem"), join(bench.directory, "cert.pem")];
  await execa("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=kitsmith", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", certificateFile],
  ]);
  const server = createSecureServer(
    { key: await readFile(keyFile), cert: await readFile(certificateFile) },
    (incoming, response) => {
      const { url: path, method, headers } = incoming;
      const onward = request({ host: "127.0.0.1", port: registry.port, path, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        pipeline(answer, response, () => undefined);
      });
      pipeline(incoming, onward, () => undefined);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return { address: `127.0.0.1:${typeof address === "object" ? address?.port : ""}`, certificateFile };
}

const FILES = { "p/build.yml": "image: p\narches: [amd64]\n", "p/Dockerfile": "FROM scratch\nCOPY . /\n" };

test("what a mirror has is fetched from there, below its path, by a certificate that is given", async () => {
  const registry = await start();
  const secure = await startSecure(registry);
  const opened = await bench.open(FILES, "registry.invalid");
  const tag = (await opened.tag()).split(":").at(-1);
  // As a proxy would have it.
  await copyBase(`${registry.address}/hub/${bench.org}/p:${tag}`);
  const mirrors = { "registry.invalid": `https://${secure.address}/hub` };
  const built = await opened.build({
    cacheDirectory: join(bench.directory, "other"),
    registries: { mirrors, certificateFiles: [secure.certificateFile] },
    retries: 0,
  });
  expect(built.images["linux/amd64"]?.outcome).toBe("pulled");
  const doubting = await opened.plan({ ...bench.options(), registries: { mirrors } });
  expect(doubting.packages[0]?.nodes[0]?.state).toBe("unknown");
});

test("an engine that we start has the same mirrors and authorities", async () => {
  const registry = await start();
  await copyBase(`${registry.address}/hub/base/busybox:v1`);
  const secure = await startSecure(registry);
  const registries = {
    mirrors: { "registry.invalid": `https://${secure.address}/hub` },
    certificateFiles: [secure.certificateFile],
  };
  const stateDirectory = await mkdtemp("/tmp/kitsmith-policy-");
  cleanups.push(() => rm(stateDirectory, { recursive: true, force: true }));
  cleanups.push(() => stopOwnEngine(stateDirectory));
  const engine = await startOwnEngine({
    stateDirectory,
    env: { PATH: binDirectories.join(":") },
    ...engineAccess(registries),
  });
  const { directory } = await bench.create({
    "p/build.yml": "image: p\narches: [amd64]\n",
    "p/Dockerfile": "FROM registry.invalid/base/busybox:v1\nRUN echo hello > /hello\n",
  });
  const built = await pkg(join(directory, "p")).engines(engine.address).build(bench.options());
  expect(built.images["linux/amd64"]?.outcome).toBe("built");
});

test("access tokens that end in the middle of a build are fetched anew", async () => {
  const user = { username: "user", password: "secret" };
  const registry = await start({ auth: { kind: "token", ...user, tokenLifeSeconds: 2 } });
  const auth = Buffer.from(`${user.username}:${user.password}`).toString("base64");
  process.env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [registry.address]: { auth } } });
  await copyBase(`${registry.address}/base/busybox:v1`, "--dest-creds", `${user.username}:${user.password}`);
  const opened = await bench.open(
    {
      "p/build.yml": "image: p\narches: [amd64]\nnetwork: true\n",
      "p/Dockerfile": `FROM ${registry.address}/base/busybox:v1\nRUN sleep 5; echo ${Date.now()} > /now\n`,
    },
    registry.address,
  );
  const pushed = await opened.push(bench.options());
  const creds = ["--creds", `${user.username}:${user.password}`];
  const { stdout } = await execa(skopeo, ["inspect", "--tls-verify=false", ...creds, `docker://${pushed.reference}`]);
  expect(JSON.parse(stdout).Architecture).toBe("amd64");
});

test("the daemon never sees the password of a registry with a token service", async () => {
  const bearers: string[] = [];
  const registry = await start({ auth: { kind: "token", username: "user", password: "secret" } });
  const basics: string[] = [];
  const front = createServer((incoming, response) => {
    const { url: path, method, headers } = incoming;
    const { authorization = "", "user-agent": agent = "" } = headers;
    if (/^basic /i.test(authorization)) basics.push(agent);
    if (/^bearer /i.test(authorization)) bearers.push(agent);
    const onward = request({ host: "127.0.0.1", port: registry.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    pipeline(incoming, onward, () => undefined);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  cleanups.push(async () => {
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  });
  const bound = front.address();
  const address = `127.0.0.1:${typeof bound === "object" ? bound?.port : ""}`;
  const auth = Buffer.from("user:secret").toString("base64");
  process.env.DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { [address]: { auth } } });
  const opened = await bench.open(FILES, address);
  await opened.push(bench.options());
  expect(new Set(basics)).toEqual(new Set(["kitsmith"]));
  expect(bearers.some((agent) => agent.startsWith("buildkit"))).toBe(true);
});
