import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { installRelease } from "../../../../sdk/engine/lifecycle/release-download.ts";
import { BUILDKIT_RELEASE, type PinnedRelease } from "../../../../sdk/engine/lifecycle/release-pins.ts";

let directory: string;
let server: Server;
let url: string;
let answer: (response: ServerResponse) => void;
let requested: string[];

async function makeRelease(): Promise<Buffer> {
  const archive = pack();
  archive.entry({ name: "bin/", type: "directory" });
  archive.entry({ name: "bin/buildkitd", mode: 0o755 }, "#!/bin/sh\necho daemon\n");
  archive.entry({ name: "./bin/buildctl", mode: 0o755 }, "#!/bin/sh\necho client\n");
  archive.entry({ name: "../outside" }, "never written");
  archive.entry({ name: "bin/../../outside" }, "never written");
  archive.entry({ name: "bin/link", type: "symlink", linkname: "/etc/passwd" });
  archive.entry({ name: "share/readme" }, "left out");
  archive.finalize();
  return gzipSync(await buffer(archive));
}

function pinOf(file: Buffer, change: { sha256?: string; sizeBytes?: number } = {}): PinnedRelease {
  const pin = { sha256: createHash("sha256").update(file).digest("hex"), sizeBytes: file.length, ...change };
  return { version: "v9.9.9", files: { "linux-amd64": pin } };
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-release-"));
  requested = [];
  server = createServer((request, response) => {
    requested.push(request.url ?? "");
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

function install(release: PinnedRelease, signal?: AbortSignal): Promise<string> {
  return installRelease({ directory, platform: "linux-amd64", release, server: url, signal });
}

describe("a release", () => {
  test("is unpacked: its programs, and nothing else", async () => {
    const file = await makeRelease();
    answer = (response) => response.end(file);
    const bin = await install(pinOf(file));
    expect((await readdir(bin)).sort()).toEqual(["buildctl", "buildkitd"]);
    expect(await readFile(join(bin, "buildkitd"), "utf8")).toContain("daemon");
    expect((await stat(join(bin, "buildctl"))).mode & 0o777).toBe(0o755);
    expect(await readdir(directory)).toEqual(["buildkit-v9.9.9.linux-amd64"]);
    expect(requested).toEqual(["/v9.9.9/buildkit-v9.9.9.linux-amd64.tar.gz"]);
  });

  test("is downloaded once", async () => {
    const file = await makeRelease();
    answer = (response) => response.end(file);
    await install(pinOf(file));
    await install(pinOf(file));
    expect(requested).toHaveLength(1);
  });

  test("is refused with another digest", async () => {
    const file = await makeRelease();
    answer = (response) => response.end(file);
    await expect(install(pinOf(file, { sha256: "0".repeat(64) }))).rejects.toMatchObject({
      code: "ENGINE_DOWNLOAD_REFUSED",
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([
    ["shorter", -1],
    ["longer", 1],
  ])("is refused if it is %s than pinned", async (_, difference) => {
    const file = await makeRelease();
    answer = (response) => response.end(file);
    await expect(install(pinOf(file, { sizeBytes: file.length - difference }))).rejects.toMatchObject({
      code: "ENGINE_DOWNLOAD_REFUSED",
    });
    expect(await readdir(directory)).toEqual([]);
  });

  test("that breaks off can be tried again", async () => {
    const file = await makeRelease();
    answer = (response) => {
      response.writeHead(200, { "content-length": file.length });
      response.write(file.subarray(0, 20), () => response.destroy());
    };
    await expect(install(pinOf(file))).rejects.toMatchObject({ code: "ENGINE_START_FAILED", retryable: true });
    expect(await readdir(directory)).toEqual([]);
    answer = (response) => response.end(file);
    expect((await readdir(await install(pinOf(file)))).length).toBe(2);
  });

  test("that the server does not have is said so", async () => {
    answer = (response) => response.writeHead(404).end("no");
    await expect(install(pinOf(Buffer.from("x")))).rejects.toMatchObject({ code: "ENGINE_START_FAILED" });
  });

  test("without a pin is refused before anything is asked", async () => {
    await expect(install({ version: "v9.9.9", files: {} })).rejects.toMatchObject({ code: "ENGINE_DOWNLOAD_REFUSED" });
    expect(requested).toEqual([]);
  });

  test("is given up with the signal's reason", async () => {
    const controller = new AbortController();
    answer = () => controller.abort("stop");
    await expect(install(pinOf(Buffer.from("x")), controller.signal)).rejects.toBe("stop");
    expect(await readdir(directory)).toEqual([]);
  });
});

test("rows of the pinned release are whole", () => {
  expect(BUILDKIT_RELEASE.version).toMatch(/^v\d+\.\d+\.\d+$/);
  for (const pin of Object.values(BUILDKIT_RELEASE.files)) {
    expect(pin.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(pin.sizeBytes).toBeGreaterThan(1_000_000);
  }
});
