import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ANONYMOUS, type Credential } from "../../sdk/credentials/credential-source.ts";
import type { Engine } from "../../sdk/engine/engine.ts";
import { llb } from "../../sdk/llb/index.ts";
import { createAuthService } from "../../sdk/session/auth.ts";
import { createFileSendService, streamReceiver } from "../../sdk/session/file-send.ts";
import { createSecretsService } from "../../sdk/session/secrets.ts";
import { startDockerRegistry } from "../engines/docker-registry.ts";
import { testTools } from "../engines/test-tools.ts";
import {
  connectShared,
  createTestContext,
  dockerfileInput,
  graphInput,
  helloState,
  KINDS,
  openTestJob,
  shellDockerfile,
} from "./engine-fixture.ts";

const PASSWORD = "secret";
/** bcrypt of the password. */
const PASSWORD_HASH = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";

describe.each(KINDS)("a job on %s", (kind) => {
  let engine: Engine;
  let directory: string;

  beforeAll(async () => {
    engine = await connectShared(kind);
    directory = await mkdtemp("/tmp/kitsmith-engine-");
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test("says what the engine is", async () => {
    const info = await engine.info();
    expect(info.platforms[0]).toEqual({ os: "linux", architecture: "amd64" });
    expect(info.nativePlatforms).not.toContainEqual({ os: "linux", architecture: "arm64" });
    expect(info.exporters).toEqual(expect.arrayContaining(["image", "oci"]));
  });

  test("solves a graph, reads a file of the result, and exports an archive that others read", async () => {
    const archive = join(directory, "hello.tar");
    const job = await openTestJob(engine, {
      exporters: [{ type: "oci", attributes: {} }],
      services: [createFileSendService(new Map([[0, streamReceiver(() => createWriteStream(archive))]]))],
    });
    expect(await job.capabilities()).toContain("file.base");
    const result = await job.solve({ input: graphInput(helloState().entrypoint("/hello")) });
    const { reference } = result;
    if (reference === undefined) throw new Error("no reference");
    expect(Buffer.from(await job.readFile(reference, "/hello")).toString()).toBe("hello");
    const { digest } = await job.finish(result);

    const manifest = await skopeo("inspect", "--raw", `oci-archive:${archive}`);
    const config = await skopeo("inspect", "--config", `oci-archive:${archive}`);
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(JSON.parse(manifest).layers).toHaveLength(1);
    expect(JSON.parse(config)).toMatchObject({ architecture: "amd64", config: { Entrypoint: ["/hello"] } });
  });

  test("exports scratch", async () => {
    const archive = join(directory, "scratch.tar");
    const job = await openTestJob(engine, {
      exporters: [{ type: "oci", attributes: {} }],
      services: [createFileSendService(new Map([[0, streamReceiver(() => createWriteStream(archive))]]))],
    });
    const result = await job.solve({ input: graphInput(llb.scratch()) });
    expect(result.reference).toBeUndefined();
    await job.finish(result);
    expect(JSON.parse(await skopeo("inspect", "--config", `oci-archive:${archive}`))).toMatchObject({ os: "linux" });
  });

  test("pushes by digest to a registry", async () => {
    const name = `${inject("registryHost")}/engine-test/${kind}`;
    const attributes = {
      name,
      push: "true",
      "push-by-digest": "true",
      "oci-mediatypes": "true",
      "name-canonical": "true",
    };
    const job = await openTestJob(engine, {
      exporters: [{ type: "image", attributes }],
      services: [createAuthService(ANONYMOUS)],
    });
    const { digest } = await job.finish(await job.solve({ input: graphInput(helloState(`pushed by ${kind}`)) }));
    const raw = await skopeo("inspect", "--raw", "--tls-verify=false", `docker://${name}@${digest}`);
    expect(JSON.parse(raw).mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
  });

  test("pushes with the session's credentials, and not without", async () => {
    await using registry = await startDockerRegistry({ auth: { username: "user", passwordHash: PASSWORD_HASH } });
    const push = async (credential: Credential | undefined): Promise<unknown> => {
      const attributes = { name: `${registry.host}/private/image`, push: "true", "push-by-digest": "true" };
      await using job = await openTestJob(engine, {
        exporters: [{ type: "image", attributes }],
        services: [createAuthService({ get: async (host) => (host === registry.host ? credential : undefined) })],
      });
      return await job.finish(await job.solve({ input: graphInput(helloState("private")) }));
    };
    await expect(push({ kind: "basic", username: "user", password: "wrong" })).rejects.toMatchObject({
      code: "BUILD_STEP_FAILED",
    });
    await expect(push({ kind: "basic", username: "user", password: PASSWORD })).resolves.toHaveProperty("digest");
  });

  test("builds a Dockerfile, whose steps run and get secrets", async () => {
    const secret = randomBytes(20).toString("hex");
    await using context = await createTestContext({
      Dockerfile: shellDockerfile(
        "--mount=type=secret,id=token sh -c 'wc -c < /run/secrets/token > /size'",
        "uname -m",
      ),
    });
    const output: Buffer[] = [];
    const job = await openTestJob(engine, {
      services: [...context.services, createSecretsService(new Map([["token", Buffer.from(secret)]]))],
      onStatus: ({ logs }) => void output.push(...logs.map(({ data }) => Buffer.from(data))),
    });
    const result = await job.solve({ input: dockerfileInput({ "no-cache": "" }) }, { evaluate: true });
    const { reference } = result;
    if (reference === undefined) throw new Error("no reference");
    expect(
      Buffer.from(await job.readFile(reference, "/size"))
        .toString()
        .trim(),
    ).toBe("40");
    await job.finish(result);
    expect(Buffer.concat(output).toString()).toContain("x86_64");
  });

  test("two jobs at once keep their outputs apart", async () => {
    const texts = ["first", "second"];
    const found = await Promise.all(
      texts.map(async (text) => {
        const archive = join(directory, `${text}.tar`);
        const job = await openTestJob(engine, {
          exporters: [{ type: "tar", attributes: {} }],
          services: [createFileSendService(new Map([[0, streamReceiver(() => createWriteStream(archive))]]))],
        });
        await job.finish(await job.solve({ input: graphInput(helloState(text)) }));
        return (await execa("tar", ["-xOf", archive, "hello"])).stdout;
      }),
    );
    expect(found).toEqual(texts);
  });

  test("abandoned, it exports nothing", async () => {
    const archive = join(directory, "abandoned.tar");
    const job = await openTestJob(engine, {
      exporters: [{ type: "oci", attributes: {} }],
      services: [createFileSendService(new Map([[0, streamReceiver(() => createWriteStream(archive))]]))],
    });
    await job.solve({ input: graphInput(helloState()) }, { evaluate: true });
    await job.abandon(new Error("a check failed"));
    await expect(readFile(archive)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

async function skopeo(...args: readonly string[]): Promise<string> {
  return (await execa(testTools().skopeo, args)).stdout;
}
