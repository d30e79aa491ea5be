import { type EngineChoice, engines } from "kitsmith";
import { afterEach, describe, expect, inject, test, vi } from "vitest";
import { startFaultyRegistry } from "./loopback-server.ts";
import { useRunBench } from "./run-bench.ts";

const registry = inject("registryHost");
const engine: EngineChoice = engines.buildkit(inject("buildkitAddress"));
const HELLO = {
  "p/build.yml": "image: p\narches: [amd64, arm64]\n",
  "p/Dockerfile": "FROM scratch\nCOPY hello /\n",
  "p/hello": "hello\n",
};
const HOUR_MS = 3_600_000;

const bench = useRunBench("published-memory");
afterEach(() => void vi.unstubAllEnvs());

describe("what an earlier run was told of a tag", () => {
  test("serves for as long as it is trusted, for platforms that were there, until we push ourselves", async () => {
    vi.stubEnv("KITSMITH_STATE", bench.directory);
    await using watched = await startFaultyRegistry(registry, () => "pass");
    let seen = 0;
    const questions = () => {
      const before = seen;
      seen = watched.requests.length;
      return seen - before;
    };
    const package_ = (await bench.open(HELLO, watched.host)).engines(engine);
    const trusting = { ...bench.options(), trustPublishedMs: HOUR_MS };

    await package_.platforms("linux/amd64").push(trusting);
    await package_.platforms("linux/amd64").push(trusting);
    expect(questions()).toBeGreaterThan(0);
    const { images } = await package_.platforms("linux/amd64").push(trusting);
    expect(images["linux/amd64"]).toMatchObject({ outcome: "published" });
    expect(questions()).toBe(0);

    await package_.platforms("linux/amd64").push(bench.options());
    expect(questions()).toBeGreaterThan(0);

    const both = await package_.platforms("linux/amd64", "linux/arm64").push(trusting);
    expect(both.images["linux/arm64"].outcome).toBe("built");
    expect(questions()).toBeGreaterThan(0);
    await package_.push(trusting);
    expect(questions()).toBeGreaterThan(0);
    await package_.push(trusting);
    expect(questions()).toBe(0);
  });
});
