import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type BuildJob, createUploads, type Engine, type JobResult, stateInput } from "kitsmith/engine";
import { llb } from "kitsmith/llb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../sdk/core/errors.ts";
import { connectShared, dockerfileInput, KINDS, openTestJob } from "./engine-fixture.ts";

/** More than an engine takes before it reads. */
const LARGE_BYTES = 12_000_000;

describe.each(KINDS)("what %s takes from the session", (kind) => {
  let engine: Engine;
  let directory: string;

  beforeAll(async () => {
    engine = await connectShared(kind);
    directory = await mkdtemp("/tmp/kitsmith-session-services-");
    await writeFile(join(directory, "Dockerfile"), `FROM scratch\nCOPY name large /\n# ${directory}\n`);
    await writeFile(join(directory, "name"), "uploaded");
    await writeFile(join(directory, "large"), Buffer.alloc(LARGE_BYTES, directory));
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function read(job: BuildJob, { reference }: JobResult, path: string): Promise<string> {
    if (reference === undefined) throw new Error("no reference");
    return Buffer.from(await job.readFile(reference, path)).toString();
  }

  test.each([
    ["tar", "-c"],
    ["tar.gz", "-cz"],
  ])("is a build context as %s", async (name, flag) => {
    const archive = join(directory, `context.${name}`);
    await execa("tar", ["-C", directory, flag, "-f", archive, "Dockerfile", "name", "large"]);
    const uploads = createUploads();
    const context = uploads.add(() => createReadStream(archive));
    await using job = await openTestJob(engine, { services: [uploads.service] });
    const result = await job.solve({ input: dockerfileInput({ context }) });
    expect(await read(job, result, "/name")).toBe("uploaded");
    expect(await read(job, result, "/large")).toHaveLength(LARGE_BYTES);
  });

  test("is a stream that a program writes, which can be read once", async () => {
    const uploads = createUploads();
    const tar = execa("tar", ["-C", directory, "-c", "Dockerfile", "name", "large"], {
      encoding: "buffer",
      buffer: false,
    });
    const context = uploads.add(tar.iterable({ from: "stdout", binary: true }));
    await using job = await openTestJob(engine, { services: [uploads.service] });
    const result = await job.solve({ input: dockerfileInput({ context }) });
    expect(await read(job, result, "/name")).toBe("uploaded");
    await tar;
  });

  test("is a file of a graph", async () => {
    const uploads = createUploads();
    const url = uploads.add(() => createReadStream(join(directory, "name")));
    const state = llb.scratch().copy(llb.http(url, { filename: "name" }).path("/name"), "/copied");
    await using job = await openTestJob(engine, { services: [uploads.service] });
    const result = await job.solve({ input: stateInput(state, "linux/amd64") });
    expect(await read(job, result, "/copied")).toBe("uploaded");
  });

  const solveContext = async (context: string, services: Parameters<Engine["openJob"]>[0]["services"]) => {
    await using job = await openTestJob(engine, { services });
    await job.solve({ input: dockerfileInput({ context }) }, { evaluate: true });
  };

  test("fails the build with the error of its source", async () => {
    const uploads = createUploads();
    const missing = uploads.add(() => createReadStream(join(directory, "missing.tar")));
    await expect(solveContext(missing, [uploads.service])).rejects.toMatchObject({
      code: "BUILD_CALLBACK_FAILED",
      cause: { code: "ENOENT" },
    });
    const error = new InputError("INPUT_SOURCE_MISSING", "there is no archive");
    const refused = uploads.add(() => Promise.reject(error));
    await expect(solveContext(refused, [uploads.service])).rejects.toBe(error);
  });

  test("is nothing of another session", async () => {
    const [uploads, others] = [createUploads(), createUploads()];
    const context = others.add(() => createReadStream(join(directory, "name")));
    await expect(solveContext(context, [uploads.service])).rejects.toMatchObject({ name: "BuildError" });
  });

  test("ends with the job that is aborted while its source hangs", async () => {
    const uploads = createUploads();
    const stop = new AbortController();
    let ended: AbortSignal | undefined;
    const context = uploads.add(({ signal }) => {
      ended = signal;
      setImmediate(() => stop.abort(new Error("enough")));
      return new Promise(() => {});
    });
    const job = openTestJob(engine, { services: [uploads.service], signal: stop.signal });
    const building = job.then((open) => open.solve({ input: dockerfileInput({ context }) }));
    await expect(building).rejects.toThrow("enough");
    await (await job)[Symbol.asyncDispose]();
    expect(ended?.aborted).toBe(true);
  });
});
