import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { startBuildkitd } from "../engines/test-engine.ts";
import { startCommand } from "./command-run.ts";
import { useRunBench } from "./run-bench.ts";
import { cacheNames, shellPackage, tagsOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const bench = useRunBench("cache-flags");
const SECRET = "a-key-that-nobody-may-see";

let count = 0;

/** Builds the package with `kitsmith pkg build`, and tells what became of its steps. */
async function build(engine: string, ...flags: readonly string[]) {
  count += 1;
  const own = ["--cache", join(bench.directory, `oci-${count}`), "--org=acme", "--force", "--sbom-scanner=false"];
  const directory = join(bench.repository.directory, "p");
  await using command = startCommand(["pkg", "build", ...own, "--builders", `default=${engine}`, ...flags, directory]);
  const { status, stderr } = await command.ended;
  expect(status, stderr).toBe(0);
  return { stderr, ran: ranSteps(stderr) };
}

/** Names of the steps with processes that ran, and did not come from a cache. */
function ranSteps(stderr: string): readonly string[] {
  const states = new Map<string, { readonly name: string; readonly cached: boolean }>();
  for (const line of stderr.split("\n").filter((text) => text.startsWith("{"))) {
    const { type, digest, name = "", cached = false, startedAt } = JSON.parse(line);
    // What came from a cache is told once more when its layers are fetched.
    if (type !== "vertex" || !/\] RUN/.test(name) || startedAt === undefined || states.get(digest)?.cached) continue;
    states.set(digest, { name, cached });
  }
  expect(states.size).toBeGreaterThan(0);
  return [...states.values()].filter(({ cached }) => !cached).map(({ name }) => name);
}

test("--cache-to and --cache-from: registry and directory give a fresh engine every step", async () => {
  // Steps that no other test has built on the shared engine.
  const steps = ["one", "two"].map((name) => `RUN echo ${bench.org} > /${name}`);
  await bench.create(await shellPackage("p", steps));
  const ref = `${registry}/${bench.org}/cache`;
  const directory = join(bench.directory, "local, with comma");
  const { ran } = await build(
    inject("buildkitAddress"),
    ...["--cache-to", `type=registry,ref=${ref},mode=max`],
    ...["--cache-to", `type=local,"dest=${directory}",mode=max,tag=t`],
  );
  expect(ran).toHaveLength(2);
  expect(await tagsOf(registry, `${bench.org}/cache`)).toEqual(["buildcache-p-amd64"]);
  expect(await cacheNames(directory)).toEqual(["t-p-amd64"]);
  for (const cache of [ref, `type=local,"src=${directory}",tag=t`, `${ref}:buildcache-p-amd64`]) {
    const exact = cache.endsWith("amd64") ? `type=registry,ref=${cache},exact=true` : cache;
    await using fresh = await startBuildkitd();
    expect((await build(fresh.address, "--cache-from", exact)).ran).toEqual([]);
  }
});

test("a key on the command line is used, and shown nowhere", async () => {
  await bench.create(await shellPackage("p", [`RUN echo ${bench.org} > /own`]));
  const place = "type=s3,bucket=b,region=r,endpoint_url=http://127.0.0.1:1,use_path_style=true,retry_max_attempts=1";
  const keys = `access_key_id=id-${SECRET},secret_access_key=${SECRET}`;
  const { stderr } = await build(inject("buildkitAddress"), "--cache-to", `${place},${keys}`);
  expect(stderr).toContain("--cache-to holds access_key_id and secret_access_key");
  expect(stderr).toContain("could not be written");
  expect(stderr).not.toContain(SECRET);
});
