import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { contextCandidate, dockerCandidate } from "../../../../sdk/engine/discovery/candidates.ts";
import { readCurrentContext, readDockerContext } from "../../../../sdk/engine/discovery/docker-context.ts";
import { dockerEndpoint } from "../../../../sdk/engine/discovery/docker-endpoint.ts";

let config: string;

beforeEach(async () => {
  config = await mkdtemp(join(tmpdir(), "kitsmith-docker-"));
});
afterEach(async () => {
  await rm(config, { recursive: true, force: true });
});

async function addContext(name: string, docker: unknown, certificates: Readonly<Record<string, string>> = {}) {
  const id = createHash("sha256").update(name).digest("hex");
  const meta = join(config, "contexts/meta", id);
  await mkdir(meta, { recursive: true });
  const text = typeof docker === "string" ? docker : JSON.stringify({ Name: name, Endpoints: { docker } });
  await writeFile(join(meta, "meta.json"), text);
  const tls = join(config, "contexts/tls", id, "docker");
  await mkdir(tls, { recursive: true });
  for (const [file, content] of Object.entries(certificates)) await writeFile(join(tls, file), content);
}

describe("a docker context", () => {
  test("gives its host, and certificates for tcp", async () => {
    await addContext(
      "farm",
      { Host: "tcp://arm:2376", SkipTLSVerify: false },
      { "ca.pem": "CA", "cert.pem": "C", "key.pem": "K" },
    );
    expect(await readDockerContext({ DOCKER_CONFIG: config }, "farm")).toEqual({
      host: "tcp://arm:2376",
      tls: { ca: "CA", cert: "C", key: "K" },
    });
  });

  test("gives no certificates for a socket", async () => {
    await addContext("near", { Host: "unix:///run/other.sock" }, { "ca.pem": "CA" });
    expect(await readDockerContext({ DOCKER_CONFIG: config }, "near")).toEqual({ host: "unix:///run/other.sock" });
  });

  test("says that certificates are not to be verified", async () => {
    await addContext("loose", { Host: "tcp://arm:2376", SkipTLSVerify: true });
    expect(await readDockerContext({ DOCKER_CONFIG: config }, "loose")).toEqual({
      host: "tcp://arm:2376",
      tls: { verify: false },
    });
  });

  test("is undefined if there is none", async () => {
    expect(await readDockerContext({ DOCKER_CONFIG: config }, "none")).toBeUndefined();
  });

  test.each(["", "{", "[]", '{"Endpoints":{}}', '{"Endpoints":{"docker":{"Host":7}}}'])(
    "is an error with its place where its file says %j",
    async (text) => {
      await addContext("broken", text);
      await expect(readDockerContext({ DOCKER_CONFIG: config }, "broken")).rejects.toMatchObject({
        code: "INPUT_OPTION_INVALID",
        location: { file: expect.stringContaining("meta.json") },
      });
    },
  );
});

describe("the context in use", () => {
  test.each([
    ['{"currentContext":"spare"}', "spare"],
    ['{"currentContext":"default"}', undefined],
    ['{"currentContext":""}', undefined],
    ["{}", undefined],
    ["not JSON", undefined],
  ])("config.json %s: %s", async (text, expected) => {
    await writeFile(join(config, "config.json"), text);
    expect(await readCurrentContext({ DOCKER_CONFIG: config })).toBe(expected);
  });
});

describe("the daemon that the docker CLI would use", () => {
  test("DOCKER_HOST before DOCKER_CONTEXT before the context in use", async () => {
    await addContext("one", { Host: "unix:///one.sock" });
    await addContext("two", { Host: "unix:///two.sock" });
    await writeFile(join(config, "config.json"), '{"currentContext":"two"}');
    const env = { DOCKER_CONFIG: config };
    expect(await dockerCandidate(env)).toMatchObject({ address: "unix:///two.sock", named: false });
    const context = { ...env, DOCKER_CONTEXT: "one" };
    expect(await dockerCandidate(context)).toMatchObject({ address: "unix:///one.sock", named: true });
    const host = { ...context, DOCKER_HOST: "tcp://127.0.0.1:2375" };
    expect(await dockerCandidate(host)).toMatchObject({ address: "tcp://127.0.0.1:2375", named: true });
    expect(await dockerEndpoint(host)).toEqual({ kind: "tcp", host: "127.0.0.1", port: 2375 });
    expect(await dockerEndpoint(context)).toEqual({ kind: "unix", path: "/one.sock" });
  });

  test("else the first usual socket that is there", async () => {
    const env = { HOME: config, XDG_RUNTIME_DIR: config, DOCKER_CONFIG: join(config, "none") };
    await writeFile(join(config, "docker.sock"), "");
    const found = await dockerCandidate(env);
    expect(found).toMatchObject({ kind: "docker", named: false });
    expect(["unix:///var/run/docker.sock", `unix://${config}/docker.sock`]).toContain(
      "address" in found ? found.address : "",
    );
  });

  test("TLS as the variables say", async () => {
    await writeFile(join(config, "ca.pem"), "CA");
    const env = { DOCKER_CONFIG: config, DOCKER_HOST: "tcp://arm:2376" };
    expect(await dockerCandidate(env)).not.toHaveProperty("tls");
    expect(await dockerCandidate({ ...env, DOCKER_TLS_VERIFY: "1" })).toMatchObject({ tls: { ca: "CA" } });
    expect(await dockerCandidate({ ...env, DOCKER_TLS: "1" })).toMatchObject({ tls: { ca: "CA", verify: false } });
    expect(await dockerEndpoint({ ...env, DOCKER_TLS_VERIFY: "1" })).toMatchObject({ kind: "tcp", tls: { ca: "CA" } });
  });

  test("a context that is named and not there is an error", async () => {
    const env = { DOCKER_CONFIG: config };
    await expect(dockerCandidate({ ...env, DOCKER_CONTEXT: "gone" })).rejects.toMatchObject({
      code: "ENGINE_NOT_FOUND",
    });
    await expect(contextCandidate(env, "gone", "an option")).rejects.toMatchObject({ code: "ENGINE_NOT_FOUND" });
    expect(await contextCandidate(env, "default", "an option")).toMatchObject({
      address: "unix:///var/run/docker.sock",
    });
  });
});
