import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type CacheInputs,
  engines,
  type FluentPackage,
  fromValue,
  llb,
  type PackageResult,
  pkg,
  pkgs,
  type Run,
} from "kitsmith";
import { afterAll, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { startActionsCache } from "../engines/actions-cache.ts";
import { startActionsCacheV2 } from "../engines/actions-cache-v2.ts";
import { AZURE_ACCOUNT, S3_KEYS, startAzblob, startS3 } from "../engines/object-stores.ts";
import { startBuildkitd, type TestEngine } from "../engines/test-engine.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import {
  cacheNames,
  createScratch,
  eventsOf,
  failureOf,
  type ScratchDirectory,
  shellPackage,
  tagsOf,
} from "./run-fixture.ts";

const registry = inject("registryHost");
const first = inject("buildkitAddress");
const ALL_CACHED = { ran: 0, cached: true };
const STEPS = ["RUN echo one > /one", "RUN echo two > /two"];

describe("caches beside the engine's own", () => {
  let repository: PackageRepository;
  let scratch: ScratchDirectory;

  beforeAll(async () => {
    scratch = await createScratch();
    repository = await createRepository({
      ...(await shellPackage("p", STEPS, { arches: ["amd64", "arm64"] })),
      ...(await shellPackage("q", [...STEPS, "RUN echo q > /q"])),
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  let count = 0;
  /** A build that finds nothing but what the engine and the caches hold. */
  const build = (fluent: FluentPackage, engine: string): Run<PackageResult> => {
    count += 1;
    const cacheDirectory = join(scratch.directory, `oci-${count}`);
    return fluent.engines(engine).build({ cacheDirectory, force: true });
  };
  const amd64 = (caches: CacheInputs, path = "p") =>
    pkg(join(repository.directory, path)).platforms("linux/amd64").cache(caches);
  const onFreshEngine = async <T>(use: (engine: TestEngine) => Promise<T>): Promise<T> => {
    await using engine = await startBuildkitd();
    return await use(engine);
  };
  /** How many steps with processes ran, and how many came from a cache. */
  const steps = async (run: Run<unknown>): Promise<{ readonly ran: number; readonly cached: boolean }> => {
    const states = new Map<string, "ran" | "cached" | "idle">();
    for (const event of await eventsOf(run)) {
      if (event.type !== "vertex" || !/\] RUN|^\/bin\/sh/.test(event.name)) continue;
      // What came from a cache is told once more when its layers are fetched.
      if (states.get(event.digest) === "cached") continue;
      states.set(event.digest, event.cached ? "cached" : event.startedAt === undefined ? "idle" : "ran");
    }
    const all = [...states.values()];
    return { ran: all.filter((state) => state === "ran").length, cached: all.includes("cached") };
  };
  /** Builds on the first engine, then on one that has seen nothing. */
  const secondBuild = async (caches: CacheInputs, secret = "no secret") => {
    const run = build(amd64(caches), first);
    await run;
    expect(JSON.stringify(await eventsOf(run))).not.toContain(secret);
    expect((await notices(run)).filter((notice) => notice.includes("could not be written"))).toEqual([]);
    return await onFreshEngine(async ({ address }) => {
      const again = build(amd64(caches), address);
      await again;
      return await steps(again);
    });
  };
  const notices = async (run: Run<unknown>): Promise<readonly string[]> =>
    (await eventsOf(run)).flatMap((event) => (event.type === "notice" ? [event.message] : []));

  test("registry: a fresh engine runs nothing, and what it read is not written again", async () => {
    const ref = `${registry}/cache-itg/registry`;
    const caches: CacheInputs = { from: { type: "registry", ref }, to: { type: "registry", ref, mode: "max" } };
    await build(amd64(caches), first);
    expect(await tagsOf(registry, "cache-itg/registry")).toEqual(["buildcache-amd64"]);
    await onFreshEngine(async ({ address }) => {
      const run = build(amd64(caches), address);
      await run;
      expect(await steps(run)).toEqual(ALL_CACHED);
      expect(await notices(run)).toContainEqual(expect.stringContaining("not written again"));
    });
  });

  test("registry: a recipe", async () => {
    const ref = `${registry}/cache-itg/recipe:v1`;
    const recipe = pkg({
      directory: join(repository.directory, "p"),
      org: "acme",
      image: "recipe",
      recipe: ({ context }) => llb.scratch().copy(context().path("busybox"), "/bin/sh").run("echo recipe > /recipe"),
    })
      .platforms("linux/amd64")
      .cache({ from: { type: "registry", ref }, to: { type: "registry", ref } });
    await build(recipe, first);
    expect(await tagsOf(registry, "cache-itg/recipe")).toEqual(["v1-amd64"]);
    const cached = await onFreshEngine(async ({ address }) => {
      const run = build(recipe, address);
      await run;
      return await steps(run);
    });
    expect(cached).toEqual(ALL_CACHED);
  });

  test("local: a directory holds the caches of all packages and platforms", async () => {
    const directory = join(scratch.directory, "local");
    const caches: CacheInputs = {
      from: { type: "local", src: directory },
      to: { type: "local", dest: directory, mode: "max", compression: "zstd", compressionLevel: 3 },
    };
    const set = pkgs([pkg(join(repository.directory, "p")), pkg(join(repository.directory, "q"))]);
    await set
      .engines(engines({ default: engines.buildkit(first) }, { emulation: "allow" }))
      .cache(caches)
      .build({ cacheDirectory: join(scratch.directory, "oci-set"), force: true });
    expect([...(await cacheNames(directory))].sort()).toEqual(["latest-p-amd64", "latest-p-arm64", "latest-q-amd64"]);
    expect(await readdir(join(directory, ".incoming"))).toEqual([]);
    expect(JSON.parse(await readFile(join(directory, "oci-layout"), "utf8"))).toEqual({ imageLayoutVersion: "1.0.0" });
    const own = amd64({ from: { type: "local", src: directory, tag: "latest-q" } }, "q");
    const cached = await onFreshEngine(async ({ address }) => {
      const run = build(own, address);
      await run;
      return await steps(run);
    });
    expect(cached).toEqual(ALL_CACHED);
  });

  test("inline: the published image is the cache", async () => {
    const org = `${registry}/cache-itg`;
    const cacheDirectory = join(scratch.directory, "oci-inline");
    const { images } = await amd64({ to: { type: "inline" } })
      .org(org)
      .image("inline")
      .engines(first)
      .push({ cacheDirectory });
    const ref = `${org}/inline@${images["linux/amd64"].digest}`;
    const cached = await onFreshEngine(async ({ address }) => {
      const run = build(amd64({ from: { type: "registry", ref } }), address);
      await run;
      return await steps(run);
    });
    expect(cached).toEqual(ALL_CACHED);
  });

  test("s3: as with a registry", async () => {
    await using store = await startS3("bucket");
    const place = {
      type: "s3",
      bucket: "bucket",
      region: "us-east-1",
      endpointUrl: store.url,
      usePathStyle: true,
      accessKeyId: fromValue(S3_KEYS.id),
      secretAccessKey: fromValue(S3_KEYS.secret),
    } as const;
    expect(await secondBuild({ from: place, to: { ...place, mode: "max" } })).toEqual(ALL_CACHED);
  });

  test("azblob: as with a registry", async () => {
    await using store = await startAzblob();
    const place = {
      type: "azblob",
      accountUrl: store.url,
      accountName: AZURE_ACCOUNT.name,
      container: "caches",
      secretAccessKey: fromValue(AZURE_ACCOUNT.key),
    } as const;
    expect(await secondBuild({ from: place, to: { ...place, mode: "max" } })).toEqual(ALL_CACHED);
  });

  test("gha: what a runner's environment names is used, and its token is shown nowhere", async () => {
    await using cache = await startActionsCache();
    vi.stubEnv("ACTIONS_CACHE_URL", cache.url);
    vi.stubEnv("ACTIONS_RUNTIME_TOKEN", cache.token);
    try {
      expect(await secondBuild({ from: { type: "gha" }, to: { type: "gha", mode: "max" } }, cache.token)).toEqual(
        ALL_CACHED,
      );
    } finally {
      vi.unstubAllEnvs();
    }
    expect(cache.keys).toContainEqual(expect.stringMatching(/^index-buildkit-amd64-/));
  });

  test.each([
    {
      title: "named",
      given: (url: string, token: string) => ({ version: 2, urlV2: url, token: fromValue(token) }) as const,
    },
    { title: "of a runner", given: () => ({}) },
  ])("gha, second version, $title", async ({ title, given }) => {
    await using cache = await startActionsCacheV2();
    if (title === "of a runner") {
      vi.stubEnv("ACTIONS_CACHE_SERVICE_V2", "True");
      vi.stubEnv("ACTIONS_RESULTS_URL", cache.url);
      vi.stubEnv("ACTIONS_CACHE_URL", "http://127.0.0.1:1/");
      vi.stubEnv("ACTIONS_RUNTIME_TOKEN", cache.token);
    }
    const place = {
      type: "gha",
      scope: title.replaceAll(" ", "-"),
      timeoutMs: 60_000,
      ...given(cache.url, cache.token),
    } as const;
    try {
      expect(await secondBuild({ from: place, to: { ...place, mode: "max" } }, cache.token)).toEqual(ALL_CACHED);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(cache.keys).toContainEqual(expect.stringMatching(/^index-[a-z-]+-amd64-/));
    // The shell is larger than a block, the index is not.
    for (const count of Object.values(cache.counts)) expect(count).toBeGreaterThan(0);
  });

  test("caches that are not there or cannot be written are no failures, unless that is wanted", async () => {
    const nowhere = { type: "registry", ref: "127.0.0.1:1/nothing/here" } as const;
    const run = build(amd64({ from: [nowhere, { type: "local", src: "/no/such/place" }], to: nowhere }), first);
    await run;
    expect(await notices(run)).toContainEqual(expect.stringContaining("could not be written"));
    const strict = build(amd64({ to: { ...nowhere, ignoreError: false } }), first);
    expect((await failureOf(strict)).cause).toMatchObject({ code: "BUILD_STEP_FAILED" });
  });
});
