import { engines, llb, pkg, pkgs, type RunEvent } from "kitsmith";
import { describe, expect, inject, test } from "vitest";
import { useRunBench } from "./run-bench.ts";
import { eventsOf, failureOf, shellPackage } from "./run-fixture.ts";

const bench = useRunBench("dependencies");
const registry = inject("registryHost");

/** base ← middle ← top, each by another way of naming it, and one that needs nothing. */
async function chain(): Promise<string> {
  const { directory } = await bench.create({
    ...(await shellPackage("base", ['RUN ["/bin/sh", "-c", "echo base > /base"]'])),
    ...(await shellPackage("other", [])),
    "middle/build.yml": "image: middle\norg: acme\narches: [amd64]\nbuildArgs:\n  - BASE=@lkt:pkg:../base\n",
    "middle/Dockerfile": 'ARG BASE\nFROM $BASE\nRUN ["/bin/sh", "-c", "echo middle $(cat /base) > /middle"]\n',
    "top/build.yml": "image: top\norg: acme\narches: [amd64]\ntag: v1\nbuildArgs:\n  - MIDDLE=@lkt:pkg:../middle\n",
    "top/Dockerfile": [
      "ARG MIDDLE",
      "FROM $MIDDLE AS middle",
      "FROM scratch",
      "COPY --from=middle /middle /top",
      "",
    ].join("\n"),
  });
  return directory;
}

function order(events: readonly RunEvent[], type: "node.started" | "node.finished"): readonly string[] {
  return events.flatMap((event) => (event.type === type ? [event.node.package.replace(/.*\//, "")] : []));
}

describe("packages of one run that need each other", () => {
  test.each([
    ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
    ["dockerd", engines.docker({ host: inject("dockerAddress") })],
  ])("are pushed in their order on %s, each from the image that the run made", async (_, engine) => {
    const directory = await chain();
    const set = pkgs(`${directory}/*`).org(`${registry}/${bench.org}`).engines(engine);
    const run = set.push(bench.options());
    const started = order(await eventsOf(run), "node.started");
    const result = await run;
    expect(result.packages.map(({ images }) => images["linux/amd64"]?.outcome)).toEqual(Array(4).fill("built"));
    expect(started.filter((name) => name !== "other")).toEqual(["base", "middle", "top"]);
    await using image = await pkg(`${directory}/top`)
      .org(`${registry}/${bench.org}`)
      .engines(engine)
      .open("linux/amd64", bench.options());
    expect(await image.readFile("/top", "utf8")).toBe("middle base\n");
  });

  test("are built into the cache without a registry between", async () => {
    const directory = await chain();
    // Nobody answers there.
    const set = pkgs(`${directory}/*`).org(`127.0.0.1:9/${bench.org}`).engines(inject("buildkitAddress"));
    const result = await set.build(bench.options());
    expect(result.ok).toBe(true);
    const again = await set.build(bench.options());
    expect(again.outcomes.map(({ outcome }) => outcome)).toEqual(Array(4).fill("cached"));
  });

  test("begin with what lies in the cache, whatever the registry has", async () => {
    const directory = await chain();
    const engine = inject("buildkitAddress");
    await pkgs(`${directory}/*`).engines(engine).build(bench.options());
    const top = await pkg(`${directory}/top`)
      .engines(engine)
      .build({ ...bench.options(), force: true });
    expect(top.images["linux/amd64"]?.outcome).toBe("built");
  });

  test("fail what needs them, and nothing else", async () => {
    const directory = await chain();
    await bench.repository.write("base/Dockerfile", "FROM scratch\nCOPY nothing /\n");
    await bench.repository.commit();
    const set = pkgs(`${directory}/*`).engines(inject("buildkitAddress")).keepGoing();
    const result = await set.build(bench.options());
    expect(Object.fromEntries(result.outcomes.map((node) => [node.package, node.outcome]))).toEqual({
      "acme/base": "failed",
      "acme/middle": "skipped",
      "acme/other": "built",
      "acme/top": "skipped",
    });
    const codes = result.failed.map(({ error }) => (error instanceof Error && "code" in error ? error.code : error));
    expect(codes).toEqual(["BUILD_STEP_FAILED", "RUN_DEPENDENCY_FAILED", "RUN_DEPENDENCY_FAILED"]);
  });

  test("are refused before any work where they go round in a circle", async () => {
    const { directory } = await bench.create({
      ...(await shellPackage("a", [])),
      ...(await shellPackage("b", [])),
    });
    const a = pkg(`${directory}/a`);
    const b = pkg(`${directory}/b`).dependsOn(a);
    const set = pkgs([a.dependsOn(b), b]).engines(inject("buildkitAddress"));
    const failure = await failureOf(set.build(bench.options()));
    expect([failure.code, failure.details.chain]).toEqual([
      "PLAN_CYCLE",
      ["acme/a linux/amd64", "acme/b linux/amd64", "acme/a linux/amd64"],
    ]);
  });

  test("are built once where a recipe or a context uses one that the run builds too", async () => {
    const { directory } = await bench.create({
      ...(await shellPackage("base", ['RUN ["/bin/sh", "-c", "echo base > /base"]'])),
      "context/build.yml": "image: context\norg: acme\narches: [amd64]\n",
      "context/Dockerfile": "FROM scratch\nCOPY --from=base /base /base\n",
      "recipe/kept": "kept",
    });
    const base = pkg(`${directory}/base`);
    const set = pkgs([
      pkg(`${directory}/context`).contexts({ base }),
      pkg({
        directory: `${directory}/recipe`,
        org: "acme",
        image: "recipe",
        platforms: ["linux/amd64"],
        recipe: () => llb.scratch().copy(llb.from(base).path("/base"), "/base"),
      }),
      base,
    ]);
    const run = set.engines(inject("buildkitAddress")).build(bench.options());
    const events = await eventsOf(run);
    expect((await run).outcomes.map(({ outcome }) => outcome)).toEqual(["built", "built", "built"]);
    expect(order(events, "node.started").filter((name) => name === "base")).toHaveLength(1);
    expect(order(events, "node.finished")[0]).toBe("base");
  });

  test("wait for what they were said to depend on", async () => {
    const { directory } = await bench.create({
      ...(await shellPackage("a", [])),
      ...(await shellPackage("z", ['RUN ["/bin/sh", "-c", "sleep 0.5"]'])),
    });
    const z = pkg(`${directory}/z`);
    const run = pkgs([pkg(`${directory}/a`).dependsOn(z), z])
      .engines(inject("buildkitAddress"))
      .build(bench.options());
    expect(order(await eventsOf(run), "node.finished")).toEqual(["z", "a"]);
  });
});
