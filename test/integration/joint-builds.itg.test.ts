import { type FluentPackage, isKitsmithError, pkgs, type Run, type RunEvent } from "kitsmith";
import { describe, expect, inject, test } from "vitest";
import { publishBaseImage } from "./base-image.ts";
import { BOTH_ENGINES, usePackageBench } from "./package-bench.ts";

const registry = inject("registryHost");

const on = (lines: string): string => `FROM --platform=$BUILDPLATFORM BASE AS made\nARG TARGETARCH\n${lines}\n`;

/** Steps that ran, by platform, and all else that was told. */
async function watch(run: Run<unknown>): Promise<{ ran: Map<string, Set<string>>; events: readonly RunEvent[] }> {
  const events: RunEvent[] = [];
  const ran = new Map<string, Set<string>>();
  for await (const event of run) {
    events.push(event);
    if (event.type !== "log") continue;
    const { platform } = event.node;
    ran.set(platform, (ran.get(platform) ?? new Set()).add(event.text.trim()));
  }
  return { ran, events };
}

describe.each(BOTH_ENGINES)("the platforms of a package on %s", (name, engine) => {
  const bench = usePackageBench(`${registry}/joint-${name}`, engine, async (cacheDirectory) => {
    const base = await publishBaseImage(registry, engine, cacheDirectory);
    const dockerfile = (lines: string): string => on(lines).replace("BASE", base);
    return {
      "spoken/build.yml": "image: spoken\n",
      "spoken/Dockerfile": dockerfile(
        'RUN echo "this is $TARGETARCH" && echo $TARGETARCH >/made\nFROM scratch\nCOPY --from=made /made /',
      ),
      "one/build.yml": "image: one\n",
      "one/Dockerfile": dockerfile(
        "RUN echo $TARGETARCH >/made; test $TARGETARCH = amd64 || exit 42\nFROM scratch\nCOPY --from=made /made /",
      ),
      "none/build.yml": "image: none\n",
      "none/Dockerfile": dockerfile(
        'RUN echo "no $TARGETARCH"; test $TARGETARCH = amd64 && exit 3 || exit 4\nFROM scratch\nCOPY --from=made / /',
      ),
    };
  });
  const goingOn = (path: string) =>
    pkgs(`${bench.repository.directory}/${path}`)
      .org(bench.org)
      .engines(engine)
      .platforms("linux/amd64", "linux/arm64")
      .keepGoing();
  const both = (path: string): FluentPackage => bench.open(path).platforms("linux/amd64", "linux/arm64");

  test("are exported once, and told of their own steps only", async () => {
    const run = both("spoken").push(bench.options());
    const { ran, events } = await watch(run);
    const { images } = await run;
    expect(Object.values(images).map(({ outcome }) => outcome)).toEqual(["built", "built"]);
    const exports = events.flatMap((event) =>
      event.type === "vertex" && event.name.startsWith("exporting to image")
        ? [[event.node.platform, event.digest]]
        : [],
    );
    expect(new Set(exports.map(([platform]) => platform)).size).toBe(2);
    expect(new Set(exports.map(([, digest]) => digest)).size).toBe(1);
    expect(Object.fromEntries(ran)).toEqual({
      "linux/amd64": new Set(["this is amd64"]),
      "linux/arm64": new Set(["this is arm64"]),
    });
    expect(await bench.read(both("spoken"), "/made")).toBe("amd64\n");
  });

  test("have the digests that they have alone", async () => {
    const together = await both("spoken").push(bench.options());
    const alone = await bench
      .open("spoken")
      .org(`${bench.org}/alone`)
      .push({ ...bench.options(), force: true });
    expect(alone.images["linux/amd64"]?.digest).toBe(together.images["linux/amd64"]?.digest);
  });

  test("that fail leave the others alone, and warn of nothing else", async () => {
    const run = goingOn("one").push({ ...bench.options(), partial: true });
    const { events } = await watch(run);
    const { outcomes, failed } = await run;
    expect(outcomes.map(({ platform, outcome }) => [platform, outcome])).toEqual([
      ["linux/amd64", "built"],
      ["linux/arm64", "failed"],
    ]);
    expect(failed.map(({ error }) => isKitsmithError(error) && [error.code, error.details.exitCode])).toEqual([
      ["BUILD_STEP_FAILED", 42],
    ]);
    expect(events.filter(({ type }) => type === "build.warning")).toEqual([]);
    const published = await bench.open("one").push(bench.options());
    expect(published.images["linux/amd64"]?.outcome).toBe("published");
  });

  test("that all fail tell of their own failures", async () => {
    const run = goingOn("none").push(bench.options());
    const { failed } = await run;
    expect(
      failed.map(
        ({ platform, error }) => isKitsmithError(error) && [platform, error.details.exitCode, error.details.logs],
      ),
    ).toEqual([
      ["linux/amd64", 3, ["no amd64"]],
      ["linux/arm64", 4, ["no arm64"]],
    ]);
  });
});
