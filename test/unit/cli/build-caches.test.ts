import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { cacheInputs } from "../../../sdk/cli/build-caches.ts";
import type { Invocation } from "../../../sdk/cli/command.ts";

type Given = Readonly<Partial<Record<"cache-from" | "cache-to" | "verbose", readonly string[]>>>;

function invocationOf(given: Given, env: Invocation["env"] = {}) {
  const values = new Map<string, readonly string[]>(Object.entries(given));
  const stderr = new PassThrough();
  const invocation: Invocation = {
    positionals: [],
    isGiven: (name) => values.has(name),
    boolean: () => undefined,
    text: (name) => values.get(name)?.at(-1),
    list: (name) => values.get(name) ?? [],
    ...{ signal: new AbortController().signal, stdin: new PassThrough(), stdout: new PassThrough(), stderr, env },
  };
  const told = async (): Promise<string> => {
    stderr.end();
    return await text(stderr);
  };
  return { invocation, told };
}

const from = (value: string) => cacheInputs(invocationOf({ "cache-from": [value] }).invocation)?.from;
const to = (value: string, env = {}) => cacheInputs(invocationOf({ "cache-to": [value] }, env).invocation)?.to;
const SOURCE = expect.objectContaining({ read: expect.any(Function) });

async function secretOf(source: unknown): Promise<string> {
  if (typeof source !== "object" || source === null || !("read" in source)) throw new TypeError("no source");
  if (typeof source.read !== "function") throw new TypeError("no source");
  return Buffer.from(await source.read({})).toString();
}

describe("what is read", () => {
  test("none", () => {
    expect(cacheInputs(invocationOf({}).invocation)).toBeUndefined();
    expect(cacheInputs(invocationOf({ "cache-to": [""] }).invocation)).toBeUndefined();
  });

  test.each([
    ["acme/p", [{ type: "registry", ref: "acme/p" }]],
    ["acme/p,acme/q:v1", ["acme/p", "acme/q:v1"].map((ref) => ({ type: "registry", ref }))],
    ["type=registry,ref=a/p,registry.insecure=true", [{ type: "registry", ref: "a/p", insecure: true }]],
    ["TYPE=registry,Ref=a/p,exact=1", [{ type: "registry", ref: "a/p", exact: true }]],
    ["type=local,src=/a b,tag=t", [{ type: "local", src: "/a b", tag: "t" }]],
    ['type=local,"src=/a,b",digest=sha256:0', [{ type: "local", src: "/a,b", digest: "sha256:0" }]],
    ["type=gha", [{ type: "gha" }]],
    [
      "type=gha,scope=s,url=http://a/,url_v2=http://b/,version=2,timeout=1h2m3.5s",
      [{ type: "gha", scope: "s", url: "http://a/", urlV2: "http://b/", version: 2, timeoutMs: 3_723_500 }],
    ],
    [
      "type=s3,bucket=b,region=r,name=x;y,use_path_style=false,retry_mode=adaptive,retry_max_attempts=3,prefix=p/",
      [
        {
          ...{ type: "s3", bucket: "b", region: "r", names: ["x", "y"], usePathStyle: false, prefix: "p/" },
          ...{ retryMode: "adaptive", retryMaxAttempts: 3 },
        },
      ],
    ],
    [
      "type=azblob,account_url=https://a.example,container=c,manifests_prefix=m,blobs_prefix=b,account_name=n",
      [
        {
          ...{ type: "azblob", accountUrl: "https://a.example", container: "c", accountName: "n" },
          ...{ manifestsPrefix: "m", blobsPrefix: "b" },
        },
      ],
    ],
  ])("--cache-from %s", (value, caches) => {
    expect(from(value)).toEqual(caches);
  });

  test.each([
    ["type=inline", { type: "inline" }],
    [
      "type=registry,ref=a/p,mode=max,image-manifest=false,oci-mediatypes=t,compression=zstd,compression-level=3,force-compression=1",
      {
        ...{ type: "registry", ref: "a/p", mode: "max", imageManifest: false, ociMediaTypes: true },
        ...{ compression: "zstd", compressionLevel: 3, forceCompression: true },
      },
    ],
    ["type=local,dest=d,ignore-error=false", { type: "local", dest: "d", ignoreError: false }],
    ["type=gha,mode=max,when=always", { type: "gha", mode: "max", when: "always" }],
    [
      "type=s3,bucket=b,region=r,touch_refresh=24h,upload_parallelism=2",
      { type: "s3", bucket: "b", region: "r", touchRefreshMs: 86_400_000, uploadParallelism: 2 },
    ],
    ["type=azblob,account_url=u,mode=min", { type: "azblob", accountUrl: "u", mode: "min" }],
  ])("--cache-to %s", (value, cache) => {
    expect(to(value)).toEqual([cache]);
  });

  test("flags add up, and equal ones count once", () => {
    const { invocation } = invocationOf({ "cache-from": ["a/p", "a/q", "a/p"], "cache-to": ["type=inline"] });
    expect(cacheInputs(invocation)).toEqual({
      from: ["a/p", "a/q"].map((ref) => ({ type: "registry", ref })),
      to: [{ type: "inline" }],
    });
  });
});

describe("secrets", () => {
  test("are sources, and what stands on the command line is said, without its value", async () => {
    const value = "type=s3,bucket=b,region=r,access_key_id=ID-1234,secret_access_key=SECRET-1234,session_token=ST-1234";
    const { invocation, told } = invocationOf({ "cache-to": [value] });
    const inputs = cacheInputs(invocation);
    expect(inputs?.to).toMatchObject([{ accessKeyId: SOURCE, secretAccessKey: SOURCE, sessionToken: SOURCE }]);
    expect(JSON.stringify(inputs)).not.toMatch(/1234/);
    const line = await told();
    expect(line).toContain("secret_access_key");
    expect(line).not.toMatch(/1234/);
  });

  test("nothing is said with --verbose 0, or where there is none", async () => {
    const quiet = invocationOf({ "cache-from": ["type=gha,token=TOKEN"], verbose: ["0"] });
    cacheInputs(quiet.invocation);
    expect(await quiet.told()).toBe("");
    const none = invocationOf({ "cache-from": ["type=gha"] });
    cacheInputs(none.invocation);
    expect(await none.told()).toBe("");
  });

  test("a repository goes with the token of the environment, or with its own", async () => {
    const read = async (value: string, env = {}) => {
      const [cache] = [to(value, env) ?? []].flat();
      return cache?.type === "gha" && cache.ghToken ? await secretOf(cache.ghToken) : undefined;
    };
    const env = { GITHUB_TOKEN: "usual" };
    expect(await read("type=gha,repository=a/b", env)).toBe("usual");
    expect(await read("type=gha,repository=a/b,ghtoken=own", env)).toBe("own");
    expect(await read("type=gha,repository=a/b")).toBeUndefined();
    expect(await read("type=gha", env)).toBeUndefined();
  });
});

describe("what is refused, without a value in any text", () => {
  test.each([
    ["type=registry,ref=a/p,secret-name=VALUE", "cache-from", { attribute: "secret-name" }],
    [
      "type=registry,ref=a/p,mode=max",
      "cache-from",
      { attribute: "mode", accepted: ["ref", "registry.insecure", "exact"] },
    ],
    ["type=inline,mode=VALUE", "cache-to", { attribute: "mode", accepted: [] }],
    ["type=s3,bucket=b,region=r,secret_acces_key=VALUE", "cache-to", { attribute: "secret_acces_key" }],
    ["type=oss,ref=VALUE", "cache-to", { type: "oss" }],
    ["type=inline", "cache-from", {}],
    ["type=registry", "cache-from", {}],
    ["type=registry,ref=", "cache-from", {}],
    ["type=local,dest=VALUE", "cache-from", {}],
    ["type=s3,bucket=VALUE", "cache-to", {}],
    ["type=azblob,secret_access_key=VALUE", "cache-to", {}],
    ["ref=VALUE", "cache-to", {}],
    ["type=s3,VALUE", "cache-to", {}],
    ["type=s3,=VALUE", "cache-to", {}],
    ['type=s3,secret_access_key="VALUE"', "cache-to", {}],
    ["type=registry,ref=a,mode=VALUE", "cache-to", {}],
    ["type=registry,ref=a,compression-level=VALUE", "cache-to", {}],
    ["type=registry,ref=a,registry.insecure=VALUE", "cache-to", {}],
    ["type=gha,timeout=5VALUE", "cache-to", {}],
    ["type=gha,version=3", "cache-to", {}],
  ] as const)("%s with --%s", (value, flag, details) => {
    const error = failureOf(() => cacheInputs(invocationOf({ [flag]: [value] }).invocation));
    expect(error).toMatchObject({ code: "INPUT_OPTION_INVALID", details });
    expect(`${error.message} ${"hint" in error ? error.hint : ""}`).not.toContain("VALUE");
    expect(error.message).toContain(`--${flag}`);
  });

  test("a slip names the nearest attribute", () => {
    const error = failureOf(() => from("type=registry,ref=a/p,exakt=true"));
    expect(error).toMatchObject({ hint: expect.stringMatching(/^Did you mean exact\?/) });
  });
});

function failureOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}
