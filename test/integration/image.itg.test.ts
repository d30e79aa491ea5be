import { engines, type Image, llb, type Platform, pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { BuildJob, Engine } from "../../sdk/engine/engine.ts";
import { openGatewayImage } from "../../sdk/image/gateway-image.ts";
import { connectShared, createTestContext, dockerfileInput, graphInput, openTestJob } from "./engine-fixture.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { createScratch, type ScratchDirectory, shellPackage } from "./run-fixture.ts";

const AMD64: Platform = { os: "linux", architecture: "amd64" };

const LINES = [
  'RUN ["/bin/sh", "-c", "mkdir -p /etc/init.d /empty; echo one > /etc/init.d/010; ln -s 010 /etc/init.d/link"]',
  'RUN ["/bin/sh", "-c", "ln -s /etc/init.d /init.d; ln -s nowhere /dangling; ln -s loop /loop; ln -s / /root"]',
  'RUN ["/bin/sh", "-c", "chmod 4751 /etc/init.d/010; mkfifo /fifo; chown 7:8 /empty; ln /etc/init.d/010 /hard"]',
  'RUN ["/bin/sh", "-c", "mkdir /gone && touch /gone/file && touch /lost"]',
  'RUN ["/bin/sh", "-c", "rm -r /gone /lost"]',
  "ENV GREETING=hello=you",
  "WORKDIR /etc",
  "USER 7:8",
  'ENTRYPOINT ["/bin/sh"]',
];

/** An image that is open, and what has to be closed after it. */
interface Opened {
  readonly image: Image;
  readonly close: () => Promise<void>;
}

async function openOnEngine(kind: "buildkit" | "docker"): Promise<Opened> {
  const engine: Engine = await connectShared(kind);
  const dockerfile = ["FROM scratch", "COPY busybox /bin/sh", ...LINES, ""].join("\n");
  await using context = await createTestContext({ Dockerfile: dockerfile });
  const job: BuildJob = await openTestJob(engine, { services: context.services });
  const result = await job.solve({ input: dockerfileInput() }, { evaluate: true });
  const image = openGatewayImage(job, result, { platform: AMD64, reference: "acme/image:tag" });
  return {
    image,
    close: async () => {
      await image[Symbol.asyncDispose]();
      await job[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

async function openFromCache(): Promise<Opened> {
  const repository: PackageRepository = await createRepository(await shellPackage("image", LINES));
  const scratch: ScratchDirectory = await createScratch();
  const source = pkg(`${repository.directory}/image`).engines(engines.buildkit(inject("buildkitAddress")));
  const image = await openImage(source, "linux/amd64", { cacheDirectory: scratch.directory });
  return {
    image,
    close: async () => {
      await image[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
    },
  };
}

const ON_ENGINES = [
  ["on buildkitd", () => openOnEngine("buildkit")],
  ["on dockerd", () => openOnEngine("docker")],
] as const;
const PLACES = [...ON_ENGINES, ["in the cache", openFromCache]] as const;

describe.each(PLACES)("an image %s", (_, open) => {
  let image: Image;
  let close: Opened["close"] | undefined;

  beforeAll(async () => {
    ({ image, close } = await open());
  });
  afterAll(async () => await close?.());

  test("tells its platform, its reference and its config", () => {
    expect(image.platform).toEqual(AMD64);
    expect(image.reference).toContain("acme/image:");
    expect(image.config.platform).toEqual(AMD64);
    expect(image.config.config).toMatchObject({ workingDirectory: "/etc", user: "7:8", entrypoint: ["/bin/sh"] });
    expect(image.config.config.env).toContain("GREETING=hello=you");
  });

  test.each(["/etc/init.d/010", "etc/init.d/../init.d/010", "/etc/init.d/link", "/init.d/link", "/root/hard"])(
    "reads the file %s",
    async (path) => {
      expect(await image.readFile(path, "utf8")).toBe("one\n");
      expect(await image.readFile(path)).toEqual(Buffer.from("one\n"));
    },
  );

  test.each(["/nowhere", "/etc", "/dangling", "/loop", "/fifo", "/hard/below", "/gone/file", "/lost"])(
    "has no file %s to read",
    async (path) => {
      await expect(image.readFile(path)).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND", details: { file: path } });
    },
  );

  test("lists directories", async () => {
    expect(await image.readDirectory("/init.d")).toEqual(["010", "link"]);
    expect(await image.readDirectory("/empty")).toEqual([]);
    const root = await image.readDirectory("/");
    expect(root).toEqual(await image.readDirectory("/root"));
    expect(root).toEqual(expect.arrayContaining(["bin", "dangling", "etc", "fifo", "loop"]));
    expect(root).not.toContain("gone");
  });

  test.each(["/nowhere", "/hard", "/gone", "/loop"])("has no directory %s to list", async (path) => {
    await expect(image.readDirectory(path)).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
  });

  test("says what lies at a path", async () => {
    const file = { kind: "file", mode: 0o4751, uid: 0, gid: 0, sizeBytes: 4 };
    expect(await image.stat("/hard")).toEqual({ path: "/hard", ...file });
    expect(await image.stat("/init.d/link")).toEqual({ path: "/init.d/link", ...file });
    expect(await image.stat("empty/")).toEqual({
      ...{ path: "/empty", kind: "directory", mode: 0o755, uid: 7, gid: 8, sizeBytes: 0 },
    });
    expect(await image.stat("/fifo")).toMatchObject({ kind: "fifo", sizeBytes: 0 });
    expect(await image.stat("/")).toMatchObject({ path: "/", kind: "directory" });
    for (const path of ["/nowhere", "/dangling", "/loop", "/hard/below", "/gone", "/lost"]) {
      expect(await image.stat(path)).toBeUndefined();
    }
  });

  test("holds files against what is expected", async () => {
    await image.assertFile("/bin/sh", { executable: true, mode: 0o755, elf: { static: true, platform: AMD64 } });
    await image.assertFile("/hard");
  });

  test.each([
    ["/nowhere", {}],
    ["/etc", {}],
    ["/hard", { executable: false }],
    ["/hard", { mode: 0o755 }],
    ["/hard", { elf: {} }],
    ["/bin/sh", { elf: { static: false } }],
    ["/bin/sh", { elf: { platform: { os: "linux", architecture: "arm64" } } }],
  ] as const)("refuses %s where %o was expected", async (path, expected) => {
    await expect(image.assertFile(path, expected)).rejects.toMatchObject({
      code: "PLAN_CHECK_FAILED",
      details: { file: path, platform: "linux/amd64" },
    });
  });
});

describe.each(ON_ENGINES)("a program of an image %s", (_, open) => {
  let image: Image;
  let close: Opened["close"] | undefined;

  beforeAll(async () => {
    ({ image, close } = await open());
  });
  afterAll(async () => await close?.());

  test("runs as the config says, in a container of its own", async () => {
    const run = (script: string) => image.exec(["/bin/sh", "-c", script]);
    expect(await run('echo "$GREETING $PWD $(id -u)"; echo problem >&2')).toEqual({
      ...{ exitCode: 0, stdout: "hello=you /etc 7\n", stderr: "problem\n" },
    });
    const options = { user: "0:0", cwd: "/", env: { GREETING: "bye" } };
    const { stdout } = await image.exec(["/bin/sh", "-c", 'touch /made; echo "$GREETING $PWD $(id -u)"'], options);
    expect(stdout).toBe("bye / 0\n");
    expect(await image.stat("/made")).toBeUndefined();
    await run("! test -e /made");
  });

  test("that fails is a failure, unless its exit code was expected", async () => {
    const command = ["/bin/sh", "-c", "echo no good >&2; exit 3"];
    await expect(image.exec(command)).rejects.toMatchObject({
      code: "PLAN_CHECK_FAILED",
      message: expect.stringContaining("no good"),
      details: { command, exitCode: 3 },
    });
    expect((await image.exec(command, { exitCodes: [3] })).exitCode).toBe(3);
    expect((await image.exec(command, { exitCodes: "any" })).exitCode).toBe(3);
  });

  test("has no network", async () => {
    const { stdout } = await image.exec(["/bin/sh", "-c", "cat /proc/net/dev"]);
    expect(stdout).not.toMatch(/eth0/);
  });
});

test("a program of an image in the cache cannot be run, and the error says where it can", async () => {
  const { image, close } = await openFromCache();
  await expect(image.exec(["/bin/sh"])).rejects.toMatchObject({ code: "ENGINE_FEATURE_MISSING" });
  await close();
});

describe.each(["buildkit", "docker"] as const)("an empty image on %s", (kind) => {
  test("has a root directory and nothing in it", async () => {
    await using engine = await connectShared(kind);
    await using job = await openTestJob(engine);
    const result = await job.solve({ input: graphInput(llb.scratch()) });
    await using image = openGatewayImage(job, result, { platform: AMD64, reference: "acme/empty:tag" });
    expect(await image.readDirectory("/")).toEqual([]);
    expect(await image.stat("/")).toMatchObject({ kind: "directory" });
    expect(await image.stat("/x")).toBeUndefined();
    await expect(image.readFile("/x")).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
  });
});
