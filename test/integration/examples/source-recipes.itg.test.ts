import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineChoice, engines, type FluentPackage, fromFile, fromValue, type RunEvent } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { checked } from "../../../examples/recipes/checked.ts";
import { greetings as merged } from "../../../examples/recipes/go-merged.ts";
import { greetings as staged } from "../../../examples/recipes/go-stages.ts";
import { rootfs } from "../../../examples/recipes/own-rootfs.ts";
import { fetched } from "../../../examples/recipes/secret-and-ssh.ts";
import { publishBaseImage } from "../base-image.ts";
import { cacheNames, eventsOf, failureOf, loggedText } from "../run-fixture.ts";
import { startAgent } from "../ssh-fixture.ts";
import { type ExampleBases, publishGoImage, publishSshImage } from "./example-bases.ts";

const registry = inject("registryHost");

/** Both ways into BuildKit. */
const ENGINES: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];

describe.each(ENGINES)("example recipes with more to them, on %s", (name, engine) => {
  let bases: ExampleBases;

  const prepared = (example: FluentPackage): FluentPackage =>
    example.engines(engine).platforms("linux/amd64").hash({ hash: "example" }).org(`${registry}/examples-${name}`);
  const build = (example: FluentPackage) => example.build({ cacheDirectory: bases.cacheDirectory, force: true });
  const open = (example: FluentPackage) => openImage(example, "linux/amd64", { cacheDirectory: bases.cacheDirectory });

  beforeAll(async () => {
    const cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-recipes-"));
    const base = await publishBaseImage(registry, engine, cacheDirectory);
    bases = { registry, engine, cacheDirectory, base };
  });
  afterAll(async () => {
    if (bases) await rm(bases.cacheDirectory, { recursive: true, force: true });
  });

  test("own-rootfs: the image is what was put together, and runs", async () => {
    const example = prepared(rootfs).buildArgs({ BASE: bases.base });
    await build(example);
    await using image = await open(example);
    // The step that ran in it left mount points for dev, proc and sys.
    expect(await image.readDirectory("/")).toEqual(["bin", "dev", "etc", "lib", "proc", "root", "sys", "tmp"]);
    expect(Buffer.from(await image.readFile("/etc/system")).toString()).toBe("Linux\n");
    expect((await image.stat("/bin/cat"))?.kind).toBe("file");
    expect(image.config.config.workingDirectory).toBe("/root");
  });

  test.each([
    ["go-stages", staged],
    ["go-merged", merged],
  ] as const)(
    "%s: both programs are there, static, and nothing else",
    async (_, source) => {
      const example = prepared(source).buildArgs({ GO: await publishGoImage(bases) });
      await using image = await example.open("linux/amd64", { cacheDirectory: bases.cacheDirectory, force: true });
      expect(await image.readDirectory("/usr/bin")).toEqual(["bye", "hello"]);
      expect(await image.readDirectory("/")).toEqual(["usr"]);
      await image.assertFile("/usr/bin/bye", { executable: true, elf: { static: true, platform: image.platform } });
      expect((await image.exec(["/usr/bin/hello"])).stdout).toBe("hello, world\n");
    },
    400_000,
  );

  test("secret-and-ssh: the step has the token and the agent, the image and the log have neither", async () => {
    await using agent = await startAgent();
    const example = prepared(fetched)
      .buildArgs({ BASE: await publishSshImage(bases) })
      .secrets({ TOKEN: fromValue("a-token-of-the-tests") })
      .ssh({ deploy: { keys: [fromFile(agent.keyFile)] } });
    const run = build(example.noCache());
    await run;
    expect(await loggedText(run)).toBe("token: ***\n");
    await using image = await open(example);
    expect(Buffer.from(await image.readFile("/etc/keys")).toString()).toBe(`${agent.publicKey}\n`);
  });

  test("checked: what passes is kept, what fails is not", async () => {
    const example = prepared(checked).buildArgs({ BASE: bases.base });
    const failing = build(example.image("checked-badly").buildArgs({ VERSION: "none" }));
    const failure = await failureOf(failing);
    expect(failure.cause ?? failure).toMatchObject({ code: "PLAN_CHECK_FAILED" });

    const run = build(example);
    await run;
    expect(checksOf(await eventsOf(run))).toEqual(["passed"]);
    const kept = (await cacheNames(bases.cacheDirectory)).filter((reference) => reference.includes("/checked"));
    expect(kept.map((reference) => reference.split("/").at(-1)?.split(":")[0])).toEqual(["checked", "checked"]);
  });
});

function checksOf(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === "check" ? [event.outcome] : []));
}
