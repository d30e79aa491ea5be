import { type ChildProcess, execFile, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { openCache } from "../../sdk/oci/layout/cache.ts";

const run = promisify(execFile);
const PERL = "perl";
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-processes-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

interface Writer {
  readonly child: ChildProcess;
  readonly acknowledged: string[];
  readonly exited: Promise<unknown[]>;
}

/** A process that writes blobs and names, and says each name as soon as it was acknowledged. */
function startWriter(name: string, count: number): Writer {
  const program = new URL("./cache-writer.ts", import.meta.url);
  const child = fork(program, [directory, name, String(count)], { execArgv: ["--import", "tsx"] });
  const acknowledged: string[] = [];
  child.on("message", (message) => acknowledged.push(String(message)));
  return { child, acknowledged, exited: once(child, "exit") };
}

async function checkAll(names: readonly string[]): Promise<void> {
  const cache = await openCache(directory);
  const listed = new Map((await cache.list()).map((entry) => [entry.name, entry.descriptor]));
  for (const name of names) {
    const descriptor = listed.get(`docker.io/library/${name}`);
    expect(descriptor, name).toBeDefined();
    if (descriptor) expect(digestOf(await cache.readBlob(descriptor))).toBe(descriptor.digest);
  }
}

test("processes that write at once lose nothing", async () => {
  const writers = ["a", "b", "c"].map((name) => startWriter(name, 12));
  for (const { exited } of writers) expect((await exited)[0]).toBe(0);
  const names = writers.flatMap(({ acknowledged }) => acknowledged);
  expect(names).toHaveLength(36);
  await checkAll(names);
}, 60_000);

test("writers that are killed leave a layout that is valid and holds what was acknowledged", async () => {
  let seed = 7;
  const names: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    const { child, acknowledged, exited } = startWriter(`round-${round}`, 1000);
    seed = (seed * 48271) % 2147483647;
    const enough = 1 + (seed % 6);
    while (acknowledged.length < enough) await once(child, "message");
    await new Promise((resolve) => setTimeout(resolve, seed % 17));
    child.kill("SIGKILL");
    await exited;
    names.push(...acknowledged);
    await checkAll(names);
  }
}, 60_000);

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
