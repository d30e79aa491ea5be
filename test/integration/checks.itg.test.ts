import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type CheckFunction, engines, type FluentPackage, llb, pkg, pkgs, type Run } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { testTools } from "../engines/test-tools.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { cacheNames, createScratch, eventsOf, failureOf, type ScratchDirectory, tagsOf } from "./run-fixture.ts";

const registry = inject("registryHost");
describe.each(BOTH_ENGINES)("checks on %s", (name, engine) => {
  const org = `${registry}/checks-${name}`;
  let repository: PackageRepository;
  let scratch: ScratchDirectory;
  let count = 0;
  const options = () => ({ cacheDirectory: scratch.directory });
  /** A package under a tag of its own, so that it is built. */
  const fresh = (): FluentPackage => {
    count += 1;
    const source = pkg(join(repository.directory, "probe")).org(org).tag(`t${count}-{{.Hash}}`);
    return source.engines(engines({ default: engine }, { emulation: "allow" }));
  };
  const failing = async (run: Run<unknown>) => {
    const { cause } = await failureOf(run);
    return cause;
  };
  const checked = (check: CheckFunction) =>
    failing(fresh().check("it", check).platforms("linux/amd64").build(options()));

  beforeAll(async () => {
    scratch = await createScratch();
    const { busybox } = testTools();
    repository = await createRepository({
      "probe/build.yml": "image: probe\norg: acme\narches: [amd64, arm64]\n",
      "probe/Dockerfile": "FROM scratch\nARG TARGETARCH\nCOPY busybox-$TARGETARCH /bin/sh\nENV PATH=/bin\n",
      "probe/busybox-amd64": { content: await readFile(busybox.amd64), mode: 0o755 },
      "probe/busybox-arm64": { content: await readFile(busybox.arm64), mode: 0o755 },
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  test("run on every platform that is built, emulated or not, and what they saw is what is pushed", async () => {
    const machines: string[] = [];
    const configs = new Map<string, unknown>();
    const run = fresh()
      .check("machine", async (image) => {
        await image.assertFile("/bin/sh", { executable: true, elf: { static: true, platform: image.platform } });
        const { stdout } = await image.exec(["/bin/sh", "-c", "echo >> /bin/sh; uname -m"]);
        machines.push(stdout.trim());
        configs.set(image.platform.architecture, image.config.config.labels);
      })
      .platforms("linux/amd64", "linux/arm64")
      .push(options());
    const events = await eventsOf(run);
    const { reference, images } = await run;
    expect(machines.sort()).toEqual(["aarch64", "x86_64"]);
    expect(events.filter(({ type }) => type === "check")).toMatchObject([{ outcome: "passed" }, { outcome: "passed" }]);
    for (const [architecture, labels] of configs) {
      const pushed = await inspect(reference, `--override-arch=${architecture}`);
      expect(pushed).toMatchObject({ Architecture: architecture, Labels: labels });
    }
    expect(images["linux/amd64"].outcome).toBe("built");
  });

  test("do not change the image", async () => {
    const plain = await fresh().platforms("linux/amd64").build(options());
    const looked = await fresh()
      .check("writes", async (image) => await image.exec(["/bin/sh", "-c", "echo > /written"]))
      .platforms("linux/amd64")
      .build(options());
    expect(looked.images["linux/amd64"].digest).toBe(plain.images["linux/amd64"].digest);
  });

  test("that fail for one platform let no tag move", async () => {
    const source = fresh()
      .check("passes", async (image) => await image.assertFile("/bin/sh"))
      .check("no arm", async ({ platform }) => {
        if (platform.architecture === "arm64") throw new Error("not this one");
      })
      .platforms("linux/amd64", "linux/arm64");
    const [, tag = ""] = (await source.tag()).split(/:(?=[^:]*$)/);
    const failure = await failing(source.push(options()));
    expect(failure).toMatchObject({
      code: "PLAN_CHECK_FAILED",
      details: { check: "no arm", package: `${org}/probe`, platform: "linux/arm64" },
      cause: { message: "not this one" },
    });
    expect((await tagsOf(registry, `checks-${name}/probe`)).filter((found) => found.startsWith(tag))).toEqual([]);
  });

  test("that fail leave the cache as it was", async () => {
    const before = await cacheNames(scratch.directory);
    await checked((image) => image.assertFile("/nowhere"));
    expect(await cacheNames(scratch.directory)).toEqual(before);
  });

  test.each<readonly [string, CheckFunction, object]>([
    ["a file", (image) => image.assertFile("/nowhere"), { file: "/nowhere" }],
    ["a file to read", (image) => image.readFile("/nowhere"), { file: "/nowhere" }],
    [
      "a command",
      (image) => image.exec(["/bin/sh", "-c", "exit 4"]),
      { command: ["/bin/sh", "-c", "exit 4"], exitCode: 4 },
    ],
    ["a program that is not there", (image) => image.exec(["/nowhere"]), { command: ["/nowhere"] }],
  ])("that fail say which: %s", async (_, check, details) => {
    expect(await checked(check)).toMatchObject({
      code: "PLAN_CHECK_FAILED",
      details: { check: "it", platform: "linux/amd64", ...details },
    });
  });

  test.each<readonly [string, CheckFunction]>([
    ["an assertion that is pending", (image) => void image.assertFile("/bin/sh")],
    ["a program that still runs", (image) => void image.exec(["/bin/sh", "-c", "sleep 100"])],
    [
      "a failed assertion that nobody waited for",
      async (image) => {
        void image.assertFile("/nowhere");
        await image.exec(["/bin/sh", "-c", "sleep 1"]);
      },
    ],
    [
      "a value that is no error",
      () => {
        throw "text";
      },
    ],
  ])("fail that end with %s", async (_, check) => {
    expect(await checked(check)).toMatchObject({ code: "PLAN_CHECK_FAILED", details: { check: "it" } });
  });

  test("may expect a failure", async () => {
    const built = await fresh()
      .check("it", async (image) => {
        await expect(image.assertFile("/nowhere")).rejects.toMatchObject({ code: "PLAN_CHECK_FAILED" });
        image.assertFile("/nowhere").catch(() => {});
        await image.exec(["/bin/sh", "-c", "exit 0"]);
      })
      .platforms("linux/amd64")
      .build(options());
    expect(built.images["linux/amd64"].outcome).toBe("built");
  });

  test("are not run for what exists, and the run says so", async () => {
    const source = fresh().platforms("linux/amd64");
    await source.push(options());
    const run = source
      .check("later", () => {
        throw new Error("it must not run");
      })
      .push(options());
    expect(await eventsOf(run)).toContainEqual(
      expect.objectContaining({ type: "check", name: "later", outcome: "not run", why: "published" }),
    );
    expect((await run).images["linux/amd64"].outcome).toBe("published");
    await expect(
      failing(source.check("later", () => Promise.reject(new Error())).push({ ...options(), force: true })),
    ).resolves.toMatchObject({
      code: "PLAN_CHECK_FAILED",
    });
  });

  test.each(["published", "cached"])("that are always wanted run for what is %s, on an engine", async (state) => {
    const source = fresh().platforms("linux/arm64");
    if (state === "published") await source.push(options());
    else await source.build(options());
    const elsewhere = await createScratch();
    const place = state === "published" ? { cacheDirectory: elsewhere.directory } : options();
    const machines: string[] = [];
    const digests: unknown[] = [];
    const checked = source.check(
      "machine",
      async (image) => {
        machines.push((await image.exec(["/bin/sh", "-c", "uname -m"])).stdout);
        digests.push(image.digest);
        await image.assertFile("/bin/sh", { elf: { platform: image.platform } });
      },
      { always: true },
    );
    const run = checked.push(place);
    const events = await eventsOf(run);
    const pushed = await run;
    expect(pushed.images["linux/arm64"].outcome).toBe(state);
    expect(machines).toEqual(["aarch64\n"]);
    expect(digests).toEqual([pushed.images["linux/arm64"].digest]);
    expect(events).toContainEqual(expect.objectContaining({ type: "check", name: "machine", outcome: "passed" }));
    const refused = source.check("it", (image) => image.assertFile("/nowhere"), { always: true });
    expect(await failing(refused.push(place))).toMatchObject({ code: "PLAN_CHECK_FAILED" });
    await elsewhere[Symbol.asyncDispose]();
  });

  test("that are always wanted and fail keep what is cached from being pushed", async () => {
    const source = fresh().platforms("linux/amd64");
    await source.build(options());
    const [, tag = ""] = (await source.tag()).split(/:(?=[^:]*$)/);
    const refused = source.check("it", (image) => image.assertFile("/nowhere"), { always: true });
    expect(await failing(refused.push(options()))).toMatchObject({ code: "PLAN_CHECK_FAILED" });
    expect((await tagsOf(registry, `checks-${name}/probe`)).filter((found) => found.startsWith(tag))).toEqual([]);
  });

  test("run under emulation only where that is allowed", async () => {
    const source = fresh().engines(engine).platforms("linux/arm64");
    const failure = await failing(
      source.check("it", (image) => image.exec(["/bin/sh", "-c", "exit 0"])).build(options()),
    );
    expect(failure).toMatchObject({ code: "PLAN_EMULATION_REFUSED" });
    await source.check("it", (image) => image.assertFile("/bin/sh")).build(options());
  });

  test("of a set run after those of its packages; a recipe's image can be checked, too", async () => {
    await using code = await createRepository({ "agent/source": "agent\n" });
    const order: string[] = [];
    const agent = pkg({
      ...{ directory: join(code.directory, "agent"), org, image: "agent", platforms: ["linux/amd64"] },
      recipe: ({ context }) => llb.scratch().copy(context("."), "/src").entrypoint("/src/source"),
    })
      .engines(engine)
      .check("own", async (image) => {
        order.push("own", await image.readFile("/src/source", "utf8"), ...image.config.config.entrypoint);
      });
    await pkgs([agent])
      .check("all", () => {
        order.push("all");
      })
      .build(options());
    expect(order).toEqual(["own", "agent\n", "/src/source", "all"]);
    await using image = await openImage(agent, "linux/amd64", options());
    await image.assertFile("/src/source");
  });

  test("end with the run when that is canceled", async () => {
    let isRunning = (): void => {};
    const running = new Promise<void>((resolve) => {
      isRunning = resolve;
    });
    const run = fresh()
      .check("slow", async (image) => {
        const sleeping = image.exec(["/bin/sh", "-c", "echo; sleep 1000"], { onOutput: () => isRunning() });
        await sleeping;
      })
      .platforms("linux/amd64")
      .build(options());
    await running;
    run.cancel();
    expect((await failureOf(run)).code).toBe("RUN_CANCELED");
  });
});

async function inspect(reference: string, ...flags: string[]): Promise<unknown> {
  const { skopeo } = testTools();
  const { stdout } = await execa(skopeo, ["inspect", "--tls-verify=false", ...flags, `docker://${reference}`]);
  return JSON.parse(stdout);
}
