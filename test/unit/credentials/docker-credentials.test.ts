import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDockerCredentials } from "../../../sdk/credentials/docker-credentials.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-credentials-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function writeConfig(config: unknown): Promise<void> {
  await writeFile(join(directory, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
}

/** A helper that answers with what the script prints; it notes what it was asked. */
async function writeHelper(name: string, script: string): Promise<void> {
  const bin = join(directory, "bin");
  await mkdir(bin, { recursive: true });
  const path = join(bin, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\ncat >> ${directory}/asked\nenv > ${directory}/environment\n${script}\n`);
  await chmod(path, 0o755);
}

function open(env: Readonly<Record<string, string>> = {}): ReturnType<typeof createDockerCredentials> {
  const PATH = `${join(directory, "bin")}:/usr/bin:/bin`;
  return createDockerCredentials({ env: { PATH, ...env }, configDirectory: directory });
}

const user = { kind: "basic", username: "user", password: "pass:word" };

test("without a config there is no credential", async () => {
  await expect(open().get("ghcr.io")).resolves.toBeUndefined();
});

test.each([
  ["localhost:5000", { "localhost:5000": { auth: base64("user:pass:word") } }, user],
  ["ghcr.io", { "https://ghcr.io/v2/": { auth: base64("user:pass:word") } }, user],
  ["ghcr.io", { "ghcr.io": { username: "user", password: "pass:word" } }, user],
  ["ghcr.io", { "ghcr.io": { auth: base64("user:x"), identitytoken: "T" } }, { kind: "identity-token", token: "T" }],
  ["ghcr.io", { "ghcr.io": { registrytoken: "T" } }, { kind: "registry-token", token: "T" }],
  ["ghcr.io", { "ghcr.io": {} }, undefined],
  ["ghcr.io", { "ghcr.io:443": { auth: base64("user:x") } }, undefined],
  ["docker.io", { "https://index.docker.io/v1/": { auth: base64("user:pass:word") } }, user],
  ["registry-1.docker.io", { "https://index.docker.io/v1/": { auth: base64("user:pass:word") } }, user],
  ["registry-1.docker.io", { "docker.io": { auth: base64("user:pass:word") } }, user],
])("%s finds its entry in auths %#", async (host, auths, credential) => {
  await writeConfig({ auths });
  await expect(open().get(host)).resolves.toEqual(credential);
});

test("the environment's config wins, and the file stays behind it", async () => {
  await writeConfig({ auths: { a: { auth: base64("file:1") }, b: { auth: base64("file:2") } } });
  const source = open({ DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { a: { auth: base64("env:1") } } }) });
  await expect(source.get("a")).resolves.toMatchObject({ username: "env" });
  await expect(source.get("b")).resolves.toMatchObject({ username: "file" });
});

test("a host's helper wins over the store, and is asked once", async () => {
  await writeHelper("own", `echo '{"ServerURL":"x","Username":"user","Secret":"pass:word"}'`);
  await writeHelper("store", `echo '{"ServerURL":"x","Username":"<token>","Secret":"T"}'`);
  await writeConfig({ credHelpers: { "ghcr.io": "own" }, credsStore: "store" });
  const source = open();
  expect(await Promise.all([source.get("ghcr.io"), source.get("ghcr.io")])).toEqual([user, user]);
  await expect(source.get("docker.io")).resolves.toEqual({ kind: "identity-token", token: "T" });
  expect(await readFile(join(directory, "asked"), "utf8")).toBe("ghcr.io\nhttps://index.docker.io/v1/\n");
});

test("a helper that knows nothing leaves the file's own entry", async () => {
  await writeHelper("store", "echo 'credentials not found in native keychain'; exit 1");
  await writeConfig({ credsStore: "store", auths: { "ghcr.io": { auth: base64("user:pass:word") } } });
  await expect(open().get("ghcr.io")).resolves.toEqual(user);
  await expect(open().get("quay.io")).resolves.toBeUndefined();
});

test("a helper sees of the environment what it needs, and not the rest", async () => {
  await writeHelper("store", `echo '{"Username":"u","Secret":"s"}'`);
  await writeConfig({ credsStore: "store" });
  await open({ AWS_PROFILE: "dev", HOME: "/home/dev", CI_SECRET: "hidden" }).get("ghcr.io");
  const seen = await readFile(join(directory, "environment"), "utf8");
  expect(seen).toContain("AWS_PROFILE=dev");
  expect(seen).not.toContain("CI_SECRET");
});

test.each([
  ["a config that is no JSON", '{"auths": {"a": {"auth": "SECRET"'],
  ["a config that is a list", "[]"],
  ["an auth that is no base64 of user:password", { auths: { a: { auth: base64("SECRET") } } }],
  ["an auth that is a number", { auths: { a: { auth: 1 } } }],
  ["an entry that is a text", { auths: { a: "SECRET" } }],
  ["a helper that is not there", { credsStore: "missing" }],
  ["a helper whose name is a path", { credsStore: "../../bin/sh" }],
  ["a helper that fails", { credsStore: "failing" }],
  ["a helper that answers nonsense", { credsStore: "nonsense" }],
])("%s is an error that keeps the secret", async (_case, config) => {
  await writeHelper("failing", "echo SECRET; echo SECRET >&2; exit 3");
  await writeHelper("nonsense", "echo SECRET");
  await writeConfig(config);
  const failure = await open()
    .get("a")
    .catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ code: "INPUT_CREDENTIALS_INVALID" });
  expect(JSON.stringify([failure, String(failure)])).not.toContain("SECRET");
});

test("an abort ends a helper that hangs", async () => {
  await writeHelper("store", "exec sleep 60");
  await writeConfig({ credsStore: "store" });
  const aborting = new AbortController();
  const asked = open().get("ghcr.io", { signal: aborting.signal });
  setTimeout(() => aborting.abort("enough"), 50);
  await expect(asked).rejects.toBe("enough");
});
