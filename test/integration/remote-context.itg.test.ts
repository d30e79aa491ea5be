import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { type FluentPackage, pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { digestHex, digestOf } from "../../sdk/core/digest.ts";
import { type GitServer, serveRepositories } from "./git-server.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { failureOf, tagsOf } from "./run-fixture.ts";

const registry = inject("registryHost");

describe.each(BOTH_ENGINES)("contexts that %s fetches", (name, engine) => {
  const org = `${registry}/remote-${name}`;
  let cacheDirectory: string;
  let repository: PackageRepository;
  let served: GitServer;
  let archives: Server;
  let archiveAddress: string;

  const options = () => ({ cacheDirectory });
  const git = async (...args: readonly string[]): Promise<string> =>
    (await execa("git", ["-C", repository.directory, ...args])).stdout;
  const address = (fragment: string): string => `${served.address}/.git${fragment}`;
  const open = (context: string, image = "fetched"): FluentPackage =>
    pkg({ context, org, image, platforms: ["linux/amd64"] }).engines(engine);

  async function read(fluent: FluentPackage, path: string): Promise<string> {
    await using image = await openImage(fluent, "linux/amd64", options());
    return Buffer.from(await image.readFile(path)).toString("utf8");
  }

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-remote-"));
    repository = await createRepository({
      "image/Dockerfile": "FROM scratch\nCOPY text /\n",
      "image/text": "first\n",
    });
    await git("tag", "v1");
    served = await serveRepositories(repository.directory);
    await execa("tar", ["-C", repository.directory, "-czf", join(cacheDirectory, "context.tar.gz"), "image"]);
    const archive = await readFile(join(cacheDirectory, "context.tar.gz"));
    archives = createServer((_, answer) => answer.end(archive));
    await new Promise<void>((resolve) => archives.listen(0, "127.0.0.1", resolve));
    const bound = archives.address();
    archiveAddress = `http://127.0.0.1:${typeof bound === "object" ? bound?.port : ""}/context.tar.gz`;
  });
  afterAll(async () => {
    archives?.close();
    await served?.[Symbol.asyncDispose]();
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test("a git repository at a branch: the tag is its commit, which is what is built", async () => {
    const first = await git("rev-parse", "HEAD");
    const fetched = open(address("#main:image"));
    expect(await fetched.tag()).toBe(`${org}/fetched:${first}`);
    const { options: sent } = { options: {}, ...(await fetched.toSolveRequest("linux/amd64")).input };
    expect(sent).toMatchObject({ context: address(`#${first}:image`), "build-arg:REVISION": first });
    const pushed = await fetched.push(options());
    expect(pushed.images["linux/amd64"]?.outcome).toBe("built");
    expect(await tagsOf(registry, `remote-${name}/fetched`)).toContain(first);
    expect((await fetched.push(options())).images["linux/amd64"]?.outcome).toBe("published");

    await repository.write("image/text", "second\n");
    await repository.commit();
    expect(await fetched.tag()).toBe(`${org}/fetched:${await git("rev-parse", "HEAD")}`);
    expect(await read(fetched, "/text")).toBe("second\n");
    expect(await read(open(address("#v1:image"), "tagged"), "/text")).toBe("first\n");
    expect(await read(open(address(`#${first}:image`), "commit"), "/text")).toBe("first\n");
  });

  test("an archive, with a hash that is given", async () => {
    const archived = pkg({
      ...{ context: archiveAddress, contextSubdirectory: "image", org, image: "archived" },
      platforms: ["linux/amd64"],
    }).engines(engine);
    expect((await failureOf(archived.tag())).code).toBe("PLAN_NOT_IN_GIT");
    const versioned = archived.hash({ hash: "v1" });
    expect(await versioned.tag()).toBe(`${org}/archived:v1`);
    expect(await read(versioned, "/text")).toBe("first\n");
  });

  test("a tar of this machine: the tag is its digest, which is what is built", async () => {
    const directory = join(cacheDirectory, "sent");
    await mkdir(directory, { recursive: true });
    const tar = join(directory, "context.tar.gz");
    const pack = async (text: string): Promise<string> => {
      await repository.write("image/text", text);
      await execa("tar", ["-C", repository.directory, "-czf", tar, "image"]);
      return digestHex(digestOf(await readFile(tar)));
    };
    const sent = pkg({
      ...{ context: { tar }, contextSubdirectory: "image", org, image: "sent" },
      platforms: ["linux/amd64", "linux/arm64"],
    }).engines(engine);
    const first = await pack("sent\n");
    expect(await sent.tag()).toBe(`${org}/sent:${first}`);
    const pushed = await sent.push(options());
    expect(pushed.images["linux/amd64"]?.outcome).toBe("built");
    expect(await read(sent, "/text")).toBe("sent\n");

    // The same bytes elsewhere are the same package.
    const moved = join(directory, "moved");
    await copyFile(tar, moved);
    const elsewhere = pkg({ context: { tar: moved }, contextSubdirectory: "image", org, image: "sent" });
    const again = elsewhere.platforms("linux/amd64").engines(engine).push(options());
    expect((await again).images["linux/amd64"]?.outcome).toBe("published");

    const second = await pack("sent again\n");
    expect(await sent.tag()).toBe(`${org}/sent:${second}`);
    expect(await read(sent, "/text")).toBe("sent again\n");

    await rm(tar);
    expect((await failureOf(sent.build(options()))).code).toBe("INPUT_SOURCE_UNREADABLE");
  });

  test("what is not there is told", async () => {
    expect((await failureOf(open(address("#nowhere")).build(options()))).code).toBe("PLAN_NOT_IN_GIT");
    const elsewhere = open(`${served.address}/none.git`);
    expect((await failureOf(elsewhere.build(options()))).code).toBe("PLAN_GIT_FAILED");
    const outside = await failureOf(open(address("#main:missing"), "missing").build(options()));
    expect(outside.cause).toMatchObject({ code: expect.stringMatching(/^BUILD_/) });
  });
});
