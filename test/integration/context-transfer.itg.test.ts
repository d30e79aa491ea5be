import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type EngineChoice, type FluentPackage, llb, pkg, type Run } from "kitsmith";
import { describe, expect, inject, test } from "vitest";
import { publishBaseImage } from "./base-image.ts";
import { BOTH_ENGINES, type PackageBench, usePackageBench } from "./package-bench.ts";
import { eventOf, eventsOf, rejectionOf } from "./run-fixture.ts";

const registry = inject("registryHost");
const MANY = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`large/unused/${index}`, ""]));
const DOCKERFILE = "FROM scratch\nCOPY content /\n";

/** The sources that an engine asked for, and how many files of each. */
async function transfers(run: Run<unknown>): Promise<readonly string[]> {
  const events = await eventsOf(run);
  return events
    .flatMap((event) => (event.type === "context.synced" ? [`${event.name} ${event.filesTotal}`] : []))
    .sort();
}

/** Copies what lies in the directory, after a step that takes so long. */
function recipeOf(
  { repository, org }: PackageBench,
  engine: EngineChoice,
  given: { readonly base: string; readonly seconds: number },
): FluentPackage {
  return pkg({
    directory: join(repository.directory, "changing"),
    ...{ org, image: "changing", hash: { hash: `sleeps-${given.seconds}` } },
    recipe: ({ context }) =>
      llb
        .image(given.base)
        .run(["/bin/sh", "-c", `sleep ${given.seconds}`])
        .copy(context().path("content"), "/content"),
  })
    .engines(engine)
    .platforms("linux/amd64");
}

describe.each(BOTH_ENGINES)("what goes over to %s", (name, engine) => {
  let base = "";
  const bench = usePackageBench(`${registry}/transfer-${name}`, engine, async (cacheDirectory) => {
    base = await publishBaseImage(registry, engine, cacheDirectory);
    return {
      "small/build.yml": "image: small\n",
      "small/Dockerfile": DOCKERFILE,
      "small/content": "the same",
      "large/build.yml": "image: large\n",
      "large/Dockerfile": DOCKERFILE,
      "large/content": "the same",
      ...MANY,
      "changing/content": "before",
    };
  });

  test("is a small directory as a whole, and of a large one what is needed; the images are the same", async () => {
    const both = (path: string) => bench.open(path).platforms("linux/amd64", "linux/arm64").reproducible();
    const [small, large] = [both("small").push(bench.options()), both("large").push(bench.options())];
    expect(await transfers(small)).toEqual(["context 3"]);
    expect(await transfers(large)).toEqual(["context 0", "context 1", "dockerfile 1"]);
    const digests = async (run: typeof small) => Object.values((await run).images).map(({ digest }) => digest);
    expect(await digests(small)).toEqual(await digests(large));
  });

  test("is the directory as a build finds it, though another one of it still goes on", async () => {
    const slow = recipeOf(bench, engine, { base, seconds: 60 }).build({ ...bench.options(), force: true });
    await eventOf(
      slow,
      (event) => event.type === "vertex" && event.name.includes("sleep 60") && event.startedAt !== undefined,
    );
    await writeFile(join(bench.repository.directory, "changing/content"), "after");
    const quick = recipeOf(bench, engine, { base, seconds: 0 });
    expect(await bench.read(quick, "/content")).toBe("after");
    slow.cancel();
    // It may have noticed by itself that its tree changed.
    await rejectionOf(slow);
  });
});
