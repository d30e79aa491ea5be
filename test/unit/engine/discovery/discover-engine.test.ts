import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../../../../sdk/core/errors.ts";
import { parsePlatform } from "../../../../sdk/core/platform.ts";
import {
  type DiscoveredEngine,
  type DiscoveryOptions,
  discoverEngine,
} from "../../../../sdk/engine/discovery/discover-engine.ts";
import type { Environment } from "../../../../sdk/engine/discovery/docker-context.ts";
import type { Engine } from "../../../../sdk/engine/engine.ts";

let home: string;
let env: Environment;
let connected: string[];
let closed: string[];

/** Addresses at which an engine answers, with its exporters. */
let alive: Record<string, readonly string[]>;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "kitsmith-discovery-"));
  env = { HOME: home, XDG_RUNTIME_DIR: home };
  connected = [];
  closed = [];
  alive = {};
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

function engineAt(address: string, exporters: readonly string[]): Engine {
  return {
    address,
    kind: "buildkit",
    info: async () => ({ version: "1", platforms: [], nativePlatforms: [], exporters, labels: {} }),
    processors: async () => undefined,
    tryGraph: () => Promise.reject(new EngineError("ENGINE_LOST", "no builds here")),
    openSession: () => Promise.reject(new EngineError("ENGINE_LOST", "no builds here")),
    openJob: () => Promise.reject(new EngineError("ENGINE_LOST", "no builds here")),
    diskUsage: async () => [],
    prune: async () => [],
    exportCache: () => Promise.reject(new EngineError("ENGINE_LOST", "no caches here")),
    [Symbol.asyncDispose]: async () => {
      closed.push(address);
    },
  };
}

function discover(options: Partial<DiscoveryOptions> = {}): Promise<DiscoveredEngine> {
  return discoverEngine({
    env,
    platform: parsePlatform("linux/arm64"),
    connect: async ({ address }) => {
      // Engines of the machine itself do not belong to the test.
      if (address.startsWith("unix:///run/") || address.startsWith("unix:///var/")) {
        throw new EngineError("ENGINE_UNREACHABLE", "not this one");
      }
      connected.push(address);
      const exporters = alive[address];
      if (exporters === undefined) throw new EngineError("ENGINE_UNREACHABLE", "nobody answers");
      return engineAt(address, exporters);
    },
    ...options,
  });
}

async function addContext(name: string, host: string): Promise<void> {
  const meta = join(home, ".docker/contexts/meta", createHash("sha256").update(name).digest("hex"));
  await mkdir(meta, { recursive: true });
  await writeFile(join(meta, "meta.json"), JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }));
}

describe("the order", () => {
  test("each place is taken only if none before it has an engine", async () => {
    await addContext("farm", "tcp://builders:1");
    await addContext("linuxkit-linux-arm64", "tcp://platform:1");
    await mkdir(join(home, "buildkit"));
    await writeFile(join(home, "docker.sock"), "");
    await writeFile(join(home, "buildkit/buildkitd.sock"), "");
    const steps: readonly (readonly [Environment, string])[] = [
      [{ LINUXKIT_BUILDERS: "linux/arm64=farm" }, "tcp://builders:1"],
      [{ LINUXKIT_BUILDERS: "linux/amd64=farm" }, "tcp://platform:1"],
      [{ BUILDKIT_HOST: "tcp://buildkit:1" }, "tcp://buildkit:1"],
      [{ DOCKER_HOST: "tcp://docker:1" }, "tcp://docker:1"],
      [{}, `unix://${home}/docker.sock`],
      [{}, `unix://${home}/buildkit/buildkitd.sock`],
    ];
    alive = Object.fromEntries(steps.map(([, address]) => [address, ["image"]]));
    for (const [more, address] of steps) {
      const found = await discover({ env: { ...env, ...more } });
      expect(found.engine.address).toBe(address);
      expect(found.candidate.address).toBe(address);
      delete alive[address];
    }
    expect(closed).toEqual([]);
  });

  test("last comes one that is started", async () => {
    alive = { "unix:///own.sock": [] };
    const startOwn = (): Promise<{ kind: "buildkit"; address: string }> =>
      Promise.resolve({ kind: "buildkit", address: "unix:///own.sock" });
    const found = await discover({ startOwn });
    expect(found.engine.address).toBe("unix:///own.sock");
    expect(found.tried.map(({ origin }) => origin)).toContain("BUILDKIT_HOST");
  });
});

describe("an engine that was named", () => {
  test.each(["BUILDKIT_HOST", "DOCKER_HOST"])("by %s and does not answer: no other stands in for it", async (name) => {
    await writeFile(join(home, "docker.sock"), "");
    alive = { [`unix://${home}/docker.sock`]: ["image"] };
    await expect(discover({ env: { ...env, [name]: "tcp://gone:1" } })).rejects.toMatchObject({
      code: "ENGINE_UNREACHABLE",
    });
    expect(connected).toEqual(["tcp://gone:1"]);
  });

  test("by a context that does not exist", async () => {
    await expect(discover({ env: { ...env, LINUXKIT_BUILDERS: "linux/arm64=gone" } })).rejects.toMatchObject({
      code: "ENGINE_NOT_FOUND",
    });
    expect(connected).toEqual([]);
  });

  test("and cannot do what is needed", async () => {
    alive = { "tcp://old:1": ["moby"] };
    await expect(discover({ env: { ...env, DOCKER_HOST: "tcp://old:1" }, exporters: ["image"] })).rejects.toMatchObject(
      { code: "ENGINE_FEATURE_MISSING", details: { exporters: ["image"] } },
    );
    expect(closed).toEqual(["tcp://old:1"]);
  });
});

test("one that nobody named and that cannot do what is needed is passed over, with a word", async () => {
  await writeFile(join(home, "docker.sock"), "");
  await mkdir(join(home, "buildkit"));
  await writeFile(join(home, "buildkit/buildkitd.sock"), "");
  const [docker, buildkit] = [`unix://${home}/docker.sock`, `unix://${home}/buildkit/buildkitd.sock`];
  alive = { [docker]: ["moby", "local"], [buildkit]: ["image"] };
  const found = await discover({ exporters: ["image"] });
  expect(found.engine.address).toBe(buildkit);
  expect(found.tried).toContainEqual(expect.objectContaining({ address: docker }));
  expect(closed).toEqual([docker]);
});

test("no engine: every place is listed, with what to do", async () => {
  await addContext("linuxkit-linux-arm64", "tcp://platform:1");
  const error = await discover({
    startOwn: () => Promise.reject(new EngineError("ENGINE_START_FAILED", "needs root")),
  }).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "ENGINE_NOT_FOUND", details: { platform: "linux/arm64" } });
  if (!(error instanceof EngineError)) throw error;
  const { tried } = error.details;
  expect(tried).toContainEqual(
    expect.objectContaining({ origin: "docker context linuxkit-linux-arm64", address: "tcp://platform:1" }),
  );
  expect(tried).toEqual(
    expect.arrayContaining(
      ["LINUXKIT_BUILDERS", "BUILDKIT_HOST", "an engine of kitsmith's own"].map((origin) =>
        expect.objectContaining({ origin }),
      ),
    ),
  );
  expect(error.hint).toContain("BUILDKIT_HOST");
});

test("a canceled search ends with the signal's reason", async () => {
  const controller = new AbortController();
  const connect = (): Promise<Engine> => {
    controller.abort("stop");
    return Promise.reject(new EngineError("ENGINE_UNREACHABLE", "gone"));
  };
  const search = discover({ env: { ...env, DOCKER_HOST: "tcp://a:1" }, connect, signal: controller.signal });
  await expect(search).rejects.toBe("stop");
});
