import { join } from "node:path";
import { type FailedStep, type FluentPackage, llb, pkg } from "kitsmith";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import {
  createScratch,
  eventsOf,
  failureOf,
  rejectionOf,
  type ScratchDirectory,
  shellPackage,
  startedNodes,
} from "./run-fixture.ts";

const registry = inject("registryHost");
describe.each(BOTH_ENGINES)("open() on %s", (name, engine) => {
  let repository: PackageRepository;
  let scratch: ScratchDirectory;
  let count = 0;
  const options = () => ({ cacheDirectory: scratch.directory });
  const fresh = (path = "probe"): FluentPackage => {
    count += 1;
    const source = pkg(join(repository.directory, path)).org(`${registry}/open-${name}`);
    return source.tag(`t${count}-{{.Hash}}`).engines(engine);
  };

  beforeAll(async () => {
    scratch = await createScratch();
    repository = await createRepository({
      ...(await shellPackage("probe", ['RUN ["/bin/sh", "-c", "echo made > /made"]', "WORKDIR /bin"])),
      ...(await shellPackage("broken", ['RUN ["/bin/sh", "-c", "echo reason; exit 7"]'])),
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  test("builds what does not exist, and puts it nowhere", async () => {
    const source = fresh();
    await using image = await source.open("linux/amd64", options());
    expect(await image.readFile("/made", "utf8")).toBe("made\n");
    expect((await image.exec(["/bin/sh", "-c", "pwd"])).stdout).toBe("/bin\n");
    expect(image.digest).toBeUndefined();
    expect(image.reference).toBe(`${await source.tag()}-amd64`);
    expect((await source.plan(options())).packages[0]?.nodes[0]?.state).toBe("build");
  });

  test.each(["cached", "published"])("fetches what is %s", async (state) => {
    const source = fresh();
    const made = state === "cached" ? await source.build(options()) : await source.push(options());
    await using elsewhere = await createScratch();
    const place = state === "cached" ? options() : { cacheDirectory: elsewhere.directory };
    const run = source.open("linux/amd64", place);
    await using image = await run;
    expect(image.digest).toBe(made.images["linux/amd64"]?.digest);
    expect((await image.exec(["/bin/sh", "-c", "read line < /made; echo $line; pwd"])).stdout).toBe("made\n/bin\n");
    expect(await startedNodes(run)).toBe(0);
  });

  test("tells events, and is closed by disposing", async () => {
    const run = fresh().open("linux/amd64", options());
    const image = await run;
    expect((await eventsOf(run)).map(({ type }) => type)).toEqual(
      expect.arrayContaining(["run.started", "plan.ready"]),
    );
    await image[Symbol.asyncDispose]();
    expect(await rejectionOf(image.readFile("/made"))).toMatchObject({ code: "SESSION_CLOSED" });
    expect(await rejectionOf(image.exec(["/bin/sh"]))).toMatchObject({ code: "SESSION_CLOSED" });
  });

  test("rejects as the build does", async () => {
    expect(await failureOf(fresh("broken").open("linux/amd64", options()))).toMatchObject({
      code: "BUILD_STEP_FAILED",
      details: { exitCode: 7 },
    });
  });

  test("shows the step that fails before it rejects", async () => {
    const seen: unknown[] = [];
    const onFailure = async (step: FailedStep): Promise<void> => {
      const { stdout } = await step.exec(["/bin/sh", "-c", "echo $PATH > /x; ls /; exit 3"]);
      seen.push(step.error, step.command?.args, stdout);
    };
    const error = await failureOf(fresh("broken").open("linux/amd64", { ...options(), onFailure }));
    expect(seen).toEqual([error, ["/bin/sh", "-c", "echo reason; exit 7"], expect.stringContaining("x\n")]);
  });

  test("rejects with what a look into the failed step throws", async () => {
    const reason = new Error("no");
    const onFailure = (): never => {
      throw reason;
    };
    expect(await rejectionOf(fresh("broken").open("linux/amd64", { ...options(), onFailure }))).toBe(reason);
  });

  test("ends with the caller's signal, before and after it is open", async () => {
    const reason = new Error("enough");
    expect(await rejectionOf(fresh().open("linux/amd64", { ...options(), signal: AbortSignal.abort(reason) }))).toBe(
      reason,
    );
    const controller = new AbortController();
    await using image = await fresh().open("linux/amd64", { ...options(), signal: controller.signal });
    controller.abort(reason);
    expect(await rejectionOf(image.exec(["/bin/sh"]))).toBe(reason);
  });

  test("opens a recipe's image for another platform, whose programs run where emulation is allowed", async () => {
    const recipe = pkg({
      ...{ directory: join(repository.directory, "probe"), org: "acme", image: "recipe", platforms: ["linux/arm64"] },
      tag: `t${name}-{{.Hash}}`,
      recipe: ({ context }) => llb.scratch().copy(context("."), "/bin").env("A", "b"),
    }).engines(engine);
    await using image = await recipe.open("linux/arm64", options());
    expect(image.config.config.env).toContain("A=b");
    await image.assertFile("/bin/busybox", { elf: { static: true } });
    expect(await rejectionOf(image.exec(["/bin/sh"]))).toMatchObject({ code: "PLAN_EMULATION_REFUSED" });
  });
});
