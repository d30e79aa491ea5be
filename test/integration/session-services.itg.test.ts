import { createReadStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import {
  type BuildJob,
  createExporterService,
  createSourcePolicyService,
  createUploads,
  type Engine,
  type ExportableResult,
  type ExporterChoice,
  type JobResult,
  jobOutputs,
  localOutput,
  ociArchiveOutput,
  type SourceDecision,
  type SourcePolicy,
  stateInput,
} from "kitsmith/engine";
import { llb } from "kitsmith/llb";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { InputError } from "../../sdk/core/errors.ts";
import { testTools } from "../engines/test-tools.ts";
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

describe.each(KINDS)("exporters that the session adds on %s", (kind) => {
  let engine: Engine;
  let directory: string;

  beforeAll(async () => {
    engine = await connectShared(kind);
    directory = await mkdtemp("/tmp/kitsmith-session-exporters-");
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  /** A job with one output of its own and others that are added. */
  async function exportWith(choice: ExporterChoice) {
    const { exporters, services } = jobOutputs([
      localOutput(join(directory, "own")),
      ociArchiveOutput(join(directory, "added.tar")),
    ]);
    await using job = await openTestJob(engine, {
      exporters: exporters.slice(0, 1),
      services: [...services, createExporterService(choice)],
      sessionExporters: true,
    });
    return await job.finish(await job.solve({ input: stateInput(llb.scratch().mkfile("/name", kind), "linux/amd64") }));
  }
  const archive: ExporterChoice = { find: () => [ociArchiveOutput("").exporter] };

  test("are found by what was made, and come behind those of the job", async () => {
    const results: ExportableResult[] = [];
    const { digest } = await exportWith({
      find(result) {
        results.push(result);
        return archive.find(result, {});
      },
    });
    expect(results).toMatchObject([{ references: [expect.any(String)] }]);
    expect(Object.keys(results[0]?.metadata ?? {})).toContain("containerimage.config");
    expect(await readFile(join(directory, "own/name"), "utf8")).toBe(kind);
    const { stdout } = await execa(testTools().skopeo, ["inspect", `oci-archive:${join(directory, "added.tar")}`]);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: digest });
  });

  test("may push", async () => {
    const name = `${inject("registryHost")}/session-exporters/${kind}`;
    const attributes = { name, push: "true", "push-by-digest": "true" };
    const { digest } = await exportWith({ find: () => [{ type: "image", attributes }] });
    await execa(testTools().skopeo, ["inspect", "--raw", "--tls-verify=false", `docker://${name}@${digest}`]);
  });

  test("may be none", async () => {
    expect((await exportWith({ find: () => [] })).digest).toBeUndefined();
  });

  test("that cannot be chosen fail the build, and nothing is exported", async () => {
    await rm(join(directory, "own"), { recursive: true, force: true });
    const choosing = exportWith({ find: () => Promise.reject(new Error("no choice")) });
    await expect(choosing).rejects.toMatchObject({ code: "BUILD_CALLBACK_FAILED", cause: { message: "no choice" } });
    expect(await readdir(directory)).not.toContain("own");
    const unknown = exportWith({ find: () => [{ type: "nowhere", attributes: {} }] });
    await expect(unknown).rejects.toMatchObject({ name: "BuildError" });
  });

  test("have what follows them told of all answers, by an engine that tells them, and fail with it", async () => {
    const responses: unknown[] = [];
    const { response } = await exportWith({ ...archive, finalize: (answered) => void responses.push(answered) });
    expect(responses).toEqual(kind === "buildkit" ? [response] : []);
    const error = new InputError("INPUT_OPTION_INVALID", "not announced");
    const failing = exportWith({ ...archive, finalize: () => Promise.reject(error) });
    await (kind === "buildkit"
      ? expect(failing).rejects.toBe(error)
      : expect(failing).resolves.toHaveProperty("digest"));
  });
});

describe("a policy for sources", () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = await connectShared("buildkit");
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
  });

  /** Builds what two uploads hold, under a policy. */
  async function build(policyFor: (urls: readonly string[]) => SourcePolicy): Promise<string> {
    const uploads = createUploads();
    const texts = ["first", "second"].map((text) => Buffer.from(text));
    const urls = texts.map((bytes) =>
      uploads.add(async function* () {
        yield bytes;
      }),
    );
    const policy = createSourcePolicyService(policyFor(urls));
    await using job = await openTestJob(engine, { services: [uploads.service, policy], sourcePolicy: true });
    const state = llb.scratch().copy(llb.http(urls[0] ?? "", { filename: "file" }).path("/file"), "/file");
    const { reference } = await job.solve({ input: stateInput(state, "linux/amd64") });
    if (reference === undefined) throw new Error("no reference");
    return Buffer.from(await job.readFile(reference, "/file")).toString();
  }

  test("allows, after it saw the digest", async () => {
    const seen: (string | undefined)[] = [];
    const decide: SourcePolicy = ({ digest }): SourceDecision => {
      seen.push(digest);
      return digest === undefined ? "resolve" : "allow";
    };
    expect(await build(() => decide)).toBe("first");
    expect(seen.slice(0, 2)).toEqual([undefined, digestOf("first")]);
  });

  test("puts another source in place", async () => {
    const replaced = await build(
      ([first, second = ""]) =>
        ({ identifier, attributes }) =>
          identifier === first ? { use: { identifier: second, attributes } } : "allow",
    );
    expect(replaced).toBe("second");
  });

  test("denies, with its reason", async () => {
    const denied = build(() => () => ({ deny: "nothing from here" }));
    await expect(denied).rejects.toMatchObject({
      code: "BUILD_SOURCE_DENIED",
      details: { reasons: ["nothing from here"] },
    });
  });

  test("has a say on what a frontend takes", async () => {
    const uploads = createUploads();
    const context = uploads.add(async function* () {
      yield Buffer.from("FROM scratch\nADD https://denied.example/file /\n");
    });
    const policy = createSourcePolicyService(({ identifier }) =>
      identifier.startsWith("https://") ? { deny: "no downloads" } : "allow",
    );
    await using job = await openTestJob(engine, { services: [uploads.service, policy], sourcePolicy: true });
    const solving = job.solve({ input: dockerfileInput({ context }) }, { evaluate: true });
    await expect(solving).rejects.toMatchObject({
      code: "BUILD_SOURCE_DENIED",
      details: { reasons: ["no downloads"] },
    });
  });

  test("is not passed by: one that fails, or that nobody serves, fails the build", async () => {
    const failing = build(() => () => Promise.reject(new Error("unknown")));
    await expect(failing).rejects.toMatchObject({ code: "BUILD_CALLBACK_FAILED", cause: { message: "unknown" } });
    const uploads = createUploads();
    const url = uploads.add(async function* () {});
    await using job = await openTestJob(engine, { services: [uploads.service], sourcePolicy: true });
    const state = llb.http(url, { filename: "file" });
    const solving = job.solve({ input: stateInput(state, "linux/amd64") }, { evaluate: true });
    await expect(solving).rejects.toMatchObject({ name: "BuildError" });
  });

  test("is refused by an engine that would not heed it", async () => {
    await using docker = await connectShared("docker");
    const refused = openTestJob(docker, { services: [createSourcePolicyService(() => "allow")], sourcePolicy: true });
    await expect(refused).rejects.toMatchObject({ code: "ENGINE_FEATURE_MISSING" });
  });
});
