import { join } from "node:path";
import { pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { describe, expect, inject, test } from "vitest";
import { publishBaseImage } from "./base-image.ts";
import { BOTH_ENGINES, usePackageBench } from "./package-bench.ts";
import { eventsOf, failureOf, shellPackage } from "./run-fixture.ts";

const registry = inject("registryHost");

describe.each(BOTH_ENGINES)("named contexts on %s", (name, engine) => {
  let base: string;
  const bench = usePackageBench(`${registry}/contexts-${name}`, engine, async (cacheDirectory) => {
    base = await publishBaseImage(registry, engine, cacheDirectory);
    return {
      "uses/build.yml": "image: uses\narches: [amd64, arm64]\n",
      "uses/Dockerfile": "FROM scratch\nCOPY --from=extra . /extra/\n",
      "extra/one": "one\n",
      "extra/two": "two\n",
      "extra/.dockerignore": "two\n",
      "based/build.yml": "image: based\narches: [amd64]\n",
      "based/Dockerfile": "FROM base\nRUN read -r w < /word; echo $w and more > /more\n",
      "nowhere/build.yml": "image: nowhere\narches: [amd64]\n",
      "nowhere/Dockerfile": "FROM alpine:3.99\nCOPY Dockerfile /\n",
      ...(await shellPackage("dependency", ["COPY word /word"])),
      "dependency/word": "word\n",
      ...(await shellPackage("broken", ["RUN exit 4"])),
    };
  });
  const { open, options, read } = bench;

  test("a directory is served without what it ignores, and what lies in it is recorded", async () => {
    const uses = open("uses").contexts({ extra: join(bench.repository.directory, "extra") });
    await using image = await openImage(uses, "linux/amd64", options());
    expect(await image.readDirectory("/extra")).toEqual([".dockerignore", "one"]);

    const again = await uses.build(options());
    expect(again.images["linux/amd64"]?.outcome).toBe("cached");
    await bench.repository.write("extra/one", "changed\n");
    expect((await failureOf(uses.build(options()))).code).toBe("PLAN_INPUTS_DIFFER");
    await uses.build({ ...options(), force: true });
    expect(await read(uses, "/extra/one")).toBe("changed\n");
  });

  test("an image stands in for a stage, or for another image", async () => {
    const address = `docker-image://${base}`;
    await using image = await openImage(
      open("uses").tag("image").contexts({ extra: address }),
      "linux/amd64",
      options(),
    );
    expect(await image.readDirectory("/extra/bin")).toEqual(["sh"]);
    const replaced = open("nowhere").contexts({ "docker.io/library/alpine:3.99": address });
    expect(await read(replaced, "/Dockerfile")).toContain("FROM alpine:3.99");
  });

  test("another package is built first, once, and used to the byte", async () => {
    const dependency = pkg(join(bench.repository.directory, "dependency")).org(bench.org);
    const based = open("based").contexts({ base: dependency });
    const run = based.build(options());
    await run;
    const events = await eventsOf(run);
    const finished = events.flatMap((event) =>
      event.type === "node.finished" ? [[event.node.package, event.outcome]] : [],
    );
    expect(finished).toEqual([
      [`${bench.org}/dependency`, "built"],
      [`${bench.org}/based`, "built"],
    ]);
    expect(events.filter(({ type }) => type === "run.started" || type === "plan.ready")).toHaveLength(2);
    expect(await read(based, "/more")).toBe("word and more\n");

    const other = open("based").tag("other").contexts({ base: dependency });
    const second = other.build(options());
    await second;
    const outcomes = (await eventsOf(second)).flatMap((event) =>
      event.type === "node.finished" ? [event.outcome] : [],
    );
    expect(outcomes).toEqual(["cached", "built"]);
    await using opened = await other.noCache().open("linux/amd64", { ...options(), force: true });
    expect(Buffer.from(await opened.readFile("/more")).toString("utf8")).toBe("word and more\n");
  });

  test("a package that changed gives another image of what is built from it", async () => {
    const based = open("based")
      .tag("fixed")
      .contexts({ base: pkg(join(bench.repository.directory, "dependency")).org(bench.org) });
    await based.build(options());
    await bench.repository.write("dependency/word", "sentence\n");
    await bench.repository.commit();
    expect((await failureOf(based.build(options()))).code).toBe("PLAN_INPUTS_DIFFER");
    await based.build({ ...options(), force: true });
    expect(await read(based, "/more")).toBe("sentence and more\n");
  });

  test("what fails in a dependency is told as it is", async () => {
    const error = await failureOf(
      open("based")
        .tag("broken")
        .contexts({ base: pkg(join(bench.repository.directory, "broken")) })
        .build(options()),
    );
    expect(error.cause).toMatchObject({ code: "BUILD_STEP_FAILED", details: { exitCode: 4 } });
  });

  test("what is no context is refused", async () => {
    for (const [key, value] of [
      ["extra", "ftp://example.com/x"],
      ["extra", ""],
      ["Extra", "."],
      ["", "."],
    ] as const) {
      expect(() => open("uses").contexts({ [key]: value })).toThrowError(
        expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
      );
    }
    const missing = open("uses").tag("missing").contexts({ extra: "/no/such/directory" });
    expect((await failureOf(missing.build(options()))).code).toBe("INPUT_SOURCE_MISSING");
  });
});
