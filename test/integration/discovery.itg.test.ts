import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { parsePlatform } from "../../sdk/core/platform.ts";
import { connectEngine } from "../../sdk/engine/connect-engine.ts";
import {
  type ConnectCandidate,
  type DiscoveredEngine,
  discoverEngine,
} from "../../sdk/engine/discovery/discover-engine.ts";
import type { Environment } from "../../sdk/engine/discovery/docker-context.ts";
import { startGraphdriverDockerd } from "../engines/test-engine.ts";
import { testTools } from "../engines/test-tools.ts";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "kitsmith-discovery-"));
});
afterEach(async () => {
  await rm(home, { recursive: true, force: true });
});

const connect: ConnectCandidate = ({ address, kind, tls }, { signal }) =>
  connectEngine(address, { kind, signal, ...(tls === undefined ? {} : { tls }) });

function discover(env: Environment, exporters: readonly string[] = ["image", "oci"]): Promise<DiscoveredEngine> {
  const platform = parsePlatform("linux/arm64");
  return discoverEngine({ env: { HOME: home, ...env }, platform, connect, exporters });
}

async function createContext(name: string, host: string): Promise<void> {
  const flags = ["context", "create", name, "--docker", `host=${host}`];
  await execa(testTools().docker, flags, { env: { DOCKER_CONFIG: join(home, ".docker") } });
}

describe("real engines are found", () => {
  test("by BUILDKIT_HOST", async () => {
    const { engine } = await discover({ BUILDKIT_HOST: inject("buildkitAddress") });
    await using open = engine;
    expect(open.kind).toBe("buildkit");
    expect((await open.info()).platforms[0]?.os).toBe("linux");
  });

  test("by DOCKER_HOST", async () => {
    const { engine } = await discover({ DOCKER_HOST: inject("dockerAddress") });
    await using open = engine;
    expect(open.kind).toBe("docker");
    expect((await open.info()).exporters).toContain("image");
  });

  test("by contexts that the docker CLI wrote", async () => {
    await createContext("farm", inject("dockerAddress"));
    const byBuilders = await discover({ LINUXKIT_BUILDERS: "linux/arm64=farm" });
    await using first = byBuilders.engine;
    expect(first.address).toBe(inject("dockerAddress"));
    await createContext("linuxkit-linux-arm64", inject("dockerAddress"));
    const byName = await discover({});
    await using second = byName.engine;
    expect(second.address).toBe(inject("dockerAddress"));
    expect(byName.candidate.origin).toBe("docker context linuxkit-linux-arm64");
  });
});

describe("an engine that was named", () => {
  test("and does not answer", async () => {
    const env = { BUILDKIT_HOST: `unix://${home}/nothing.sock` };
    await expect(discover(env)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  });

  test("and keeps its images in the old store", async () => {
    await using old = await startGraphdriverDockerd();
    await expect(discover({ DOCKER_HOST: old.address })).rejects.toMatchObject({ code: "ENGINE_FEATURE_MISSING" });
    const { engine } = await discover({ DOCKER_HOST: old.address }, ["moby"]);
    await using open = engine;
    expect((await open.info()).exporters).not.toContain("image");
  });
});
