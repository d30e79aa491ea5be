import { afterEach, expect, test, vi } from "vitest";
import { createRedactor } from "../../../../sdk/core/redact.ts";
import { cacheEntry, type PlacedCache } from "../../../../sdk/run/build-cache/entry.ts";
import { fromValue } from "../../../../sdk/run/facade/secret-source.ts";

const owner = { platform: { os: "linux", architecture: "arm64" } } as const;

async function entryOf(cache: PlacedCache, env: Readonly<Record<string, string>> = {}) {
  for (const name of VARIABLES) vi.stubEnv(name, env[name] ?? "");
  const redactor = createRedactor();
  const { attributes } = await cacheEntry(cache, { owner, redactor, signal: undefined });
  return { attributes, redacted: redactor.text(JSON.stringify(attributes)) };
}

const VARIABLES = [
  ...["ACTIONS_RUNTIME_TOKEN", "ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL", "ACTIONS_CACHE_SERVICE_V2"],
  ...["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_KEY"],
];
const RUNNER = {
  ACTIONS_RUNTIME_TOKEN: "runner-token",
  ACTIONS_CACHE_URL: "http://one/",
  ACTIONS_RESULTS_URL: "http://two/",
};

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["True", { version: "2" }],
  ["1", { version: "2" }],
  ["", {}],
  ["false", {}],
  ["0", {}],
])("gha: a runner that says %j of the second version", async (value, version) => {
  const { attributes } = await entryOf({ type: "gha" }, { ...RUNNER, ACTIONS_CACHE_SERVICE_V2: value });
  const place = { scope: "buildkit-arm64", token: "runner-token", url: "http://one/", url_v2: "http://two/" };
  expect(attributes).toEqual({ ...place, ...version });
});

test("gha: what is given comes before a runner's environment", async () => {
  const given = {
    version: 1,
    url: "http://own/",
    token: fromValue("own-token"),
    timeoutMs: 90_000,
    exact: true,
  } as const;
  const github = { repository: "acme/p", ghToken: fromValue("github-token") };
  const { attributes, redacted } = await entryOf(
    { type: "gha", scope: "s", ...given, ...github },
    { ...RUNNER, ACTIONS_CACHE_SERVICE_V2: "true" },
  );
  expect(attributes).toEqual({
    ...{ scope: "s", version: "1", url: "http://own/", url_v2: "http://two/", timeout: "90000ms" },
    ...{ token: "own-token", repository: "acme/p", ghtoken: "github-token" },
  });
  expect(redacted).not.toMatch(/own-token|github-token/);
});

test("keys of stores come from the environment as a whole, and are known to the redactor", async () => {
  const env = { AWS_ACCESS_KEY_ID: "env-id", AWS_SECRET_ACCESS_KEY: "env-secret", AZURE_STORAGE_KEY: "account-key" };
  const s3 = { type: "s3", bucket: "b", region: "r" } as const;
  const known = await entryOf(s3, env);
  expect(known.attributes).toMatchObject({ access_key_id: "env-id", secret_access_key: "env-secret" });
  expect(known.redacted).not.toMatch(/env-id|env-secret/);
  const own = await entryOf({ ...s3, secretAccessKey: fromValue("own-secret") }, env);
  expect(own.attributes).toEqual({ bucket: "b", region: "r", name: "buildkit-arm64", secret_access_key: "own-secret" });
  const azblob = await entryOf({ type: "azblob", accountUrl: "https://a.example" }, env);
  expect(azblob.attributes).toMatchObject({ secret_access_key: "account-key" });
  expect(azblob.redacted).not.toContain("account-key");
});
