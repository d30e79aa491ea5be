import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { openCache } from "../../sdk/oci/layout/cache.ts";
import { buildWriter, expectWhole, killWriters, startWriter } from "./writer-process.ts";

const run = promisify(execFile);
const PERL = "perl";
let scratch: string;
let program: string;
let directory: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kitsmith-writer-"));
  program = await buildWriter(scratch);
}, 60_000);
afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-processes-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

test("500 updates at once, from ten processes, are all there", async () => {
  const writers = Array.from({ length: 10 }, (_, number) =>
    startWriter(program, directory, `writer-${number}`, 50, "at-once"),
  );
  for (const { ended } of writers) expect(await ended).toBe(0);
  const names = writers.flatMap(({ acknowledged }) => [...acknowledged]);
  expect(names).toHaveLength(500);
  await expectWhole(directory, names);
}, 180_000);

test("writers that are killed leave a layout that is valid and holds what was acknowledged", async () => {
  expect(await killWriters(program, directory, 50, 7)).toBeGreaterThan(40);
}, 300_000);

test("a program that locks and writes as the LinuxKit CLI does, and ours, lose nothing of each other", async () => {
  await openCache(directory);
  const goProgram = await buildGoWriter();
  const ours = ["a", "b"].map((prefix) => startWriter(program, directory, prefix, 20, "at-once"));
  const theirs = run(goProgram, [directory, "go", "60"]);
  let reads = 0;
  const reading = (async () => {
    const cache = await openCache(directory);
    for (let isOver = false; !isOver; reads += 1) {
      isOver = (await cache.list()).length === 100;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  for (const { ended } of ours) expect(await ended).toBe(0);
  const { stdout } = await theirs;
  const names = [
    ...ours.flatMap(({ acknowledged }) => [...acknowledged]),
    ...Array.from({ length: 60 }, (_, number) => `go:${number}`),
  ];
  await expectWhole(directory, names);
  await reading;
  expect(reads).toBeGreaterThan(0);
  // What ours wrote, their library reads.
  await startWriter(program, directory, "last", 1).ended;
  const { stdout: again } = await run(goProgram, [directory, "go", "0"]);
  expect(JSON.parse(again).manifests).toHaveLength(101);
  expect(stdout).toContain("docker.io/library/go:59");
}, 120_000);

async function buildGoWriter(): Promise<string> {
  const source = fileURLToPath(new URL("../engines/layout-writer", import.meta.url));
  const binary = join(scratch, "layout-writer");
  await run("go", ["build", "-o", binary, "."], { cwd: source, env: { ...process.env, CGO_ENABLED: "0" } });
  return binary;
}

test("the lock is the one that the LinuxKit CLI takes: whoever holds it is waited for", async () => {
  const cache = await openCache(directory);
  const content = new TextEncoder().encode("content");
  const blob = { mediaType: "text/plain", ...(await cache.writeBlob(content)) };
  // A process that takes a POSIX record lock on the file, as Go's FcntlFlock does, and holds it until its input ends.
  const holder = spawn(
    PERL,
    [
      "-e",
      'open(my $f, "+>>", $ARGV[0]) or die; my $l = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); fcntl($f, 7, $l) or die; $| = 1; print "held\n"; <STDIN>; print "over\n";',
      join(directory, ".lock"),
    ],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  await once(holder.stdout, "data");
  const events: string[] = [];
  const update = cache.setReference("a:1", blob).then(() => events.push("updated"));
  // The event loop is free meanwhile, and reading needs no lock.
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(await cache.list()).toEqual([]);
  expect(events).toEqual([]);
  holder.stdin.end();
  await update;
  expect((await cache.list()).map((entry) => entry.name)).toEqual(["docker.io/library/a:1"]);
});

test("waiting for the lock ends with the caller's reason", async () => {
  const cache = await openCache(directory);
  const aborting = new AbortController();
  await cache.updateReference("a:1", async () => {
    const waiting = (await openCache(directory)).setReference(
      "a:2",
      { mediaType: "text/plain", digest: digestOf(""), size: 0 },
      { signal: aborting.signal },
    );
    setTimeout(() => aborting.abort("enough"), 50);
    await expect(waiting).rejects.toBe("enough");
    return undefined;
  });
});

test.each([
  ["index.json", (path: string) => truncate(path, 20)],
  ["index.json", (path: string) => writeFile(path, '{"schemaVersion":2,"manifests":[{"digest":"sha256:1"}]}')],
  ["oci-layout", (path: string) => truncate(path, 5)],
])("a damaged %s is named", async (name, damage) => {
  await openCache(directory);
  await damage(join(directory, name));
  const opening = openCache(directory);
  await expect(opening).rejects.toMatchObject({ code: "CONTENT_CORRUPT" });
  await expect(opening).rejects.toThrow(join(directory, name));
});

test("a damaged blob is noticed when it is read", async () => {
  const cache = await openCache(directory);
  const blob = await cache.writeBlob(new TextEncoder().encode("content"));
  const path = join(directory, "blobs", "sha256", blob.digest.slice("sha256:".length));
  await chmod(path, 0o644);
  await writeFile(path, "CONTENT");
  await expect(cache.readBlob(blob)).rejects.toMatchObject({ code: "CONTENT_DIGEST_MISMATCH" });
  await writeFile(path, "cont");
  await expect(cache.readBlob(blob)).rejects.toMatchObject({ code: "CONTENT_SIZE_MISMATCH" });
  await expect(cache.hasBlob(blob)).resolves.toBe(false);
});

test("a full disk is one error, and nothing is half-written", async () => {
  const mount = join(directory, "small");
  await mkdir(mount);
  await run("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", mount]);
  try {
    const cache = await openCache(mount);
    async function* large(): AsyncGenerator<Uint8Array> {
      for (let piece = 0; piece < 64; piece += 1) yield new Uint8Array(64 * 1024).fill(piece);
    }
    await expect(cache.writeBlob(large())).rejects.toMatchObject({ code: "CONTENT_WRITE_FAILED" });
    const small = await cache.writeBlob(new TextEncoder().encode("there is room again"));
    await cache.setReference("a:1", { mediaType: "text/plain", ...small });
    expect(JSON.parse(await readFile(join(mount, "index.json"), "utf8")).manifests).toHaveLength(1);
  } finally {
    await run("umount", [mount]);
  }
});
