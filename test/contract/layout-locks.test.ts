import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { lockFile, tryLockFile } from "../../sdk/oci/layout/file-lock.ts";
import { takeOwnedLock } from "../../sdk/oci/layout/owned-lock.ts";
import { buildProgram, expectWhole, startWriter } from "./writer-process.ts";

const PATH = process.env.PATH ?? "";
let scratch: string;
let writer: string;
let holder: string;
let directory: string;
let lock: string;
const held: ChildProcess[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kitsmith-locks-"));
  [writer, holder] = await Promise.all([buildProgram("cache-writer", scratch), buildProgram("lock-holder", scratch)]);
  for (const name of ["flock-only", "nothing"]) await mkdir(join(scratch, name));
  const { stdout } = await execa("sh", ["-c", "command -v flock"]);
  await symlink(stdout.trim(), join(scratch, "flock-only", "flock"));
}, 60_000);
afterAll(() => rm(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-locked-"));
  lock = join(directory, ".lock");
});
afterEach(async () => {
  process.env.PATH = PATH;
  for (const child of held.splice(0)) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

/** Another process that has the lock. */
async function startHolder(mode: "exclusive" | "shared"): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--no-warnings", holder, lock, mode], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  held.push(child);
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "close");
  child.kill("SIGKILL");
  await ended;
}

describe.each(["flock-only", "nothing"])("without perl and python3, with %s", (name) => {
  beforeEach(() => {
    process.env.PATH = join(scratch, name);
  });

  test("updates at once from several processes are all there", async () => {
    const writers = [1, 2, 3, 4].map((number) =>
      startWriter(writer, directory, `writer-${number}`, 15, "at-once", process.env.PATH),
    );
    for (const { ended } of writers) expect(await ended).toBe(0);
    const names = writers.flatMap(({ acknowledged }) => [...acknowledged]);
    expect(names).toHaveLength(60);
    await expectWhole(directory, names);
  }, 120_000);

  test("a lock is held against others, and goes with the process that has it", async () => {
    const first = await startHolder("exclusive");
    expect(await tryLockFile(lock)).toBeUndefined();
    expect(await tryLockFile(lock, { mode: "shared" })).toBeUndefined();
    await expect(lockFile(lock, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({ name: "TimeoutError" });
    const waiting = lockFile(lock);
    await kill(first);
    await (await waiting)[Symbol.asyncDispose]();

    const sharing = await Promise.all([startHolder("shared"), startHolder("shared")]);
    const own = await lockFile(lock, { mode: "shared" });
    expect(await tryLockFile(lock)).toBeUndefined();
    await Promise.all(sharing.map(kill));
    expect(await tryLockFile(lock)).toBeUndefined();
    await own[Symbol.asyncDispose]();
    await using _alone = await lockFile(lock);
    expect(await tryLockFile(lock, { mode: "shared" })).toBeUndefined();
  }, 60_000);
});

describe("a lock that is a file", () => {
  const take = (command: "try" | "wait", signal?: AbortSignal) =>
    takeOwnedLock(lock, { command, mode: "exclusive", signal });
  const owner = (of: Readonly<Record<string, unknown>>) =>
    JSON.stringify({ token: "t", pid: 1, startedAt: "", place: "", ...of });

  test("is not taken from an owner of whom nobody here knows", async () => {
    await mkdir(`${lock}.owners`);
    await writeFile(join(`${lock}.owners`, "held"), owner({ place: "elsewhere" }));
    expect(await take("try")).toBeUndefined();
    await expect(take("wait", AbortSignal.timeout(200))).rejects.toMatchObject({ name: "TimeoutError" });
    for (const broken of ["", "{", "[]", "{}"]) {
      await writeFile(join(`${lock}.owners`, "held"), broken);
      expect(await take("try")).toBeUndefined();
    }
  });

  test("leaves nothing behind, and clears away what the dead left", async () => {
    await (await take("wait"))?.[Symbol.asyncDispose]();
    expect(await readdir(`${lock}.owners`)).toEqual([]);
    process.env.PATH = join(scratch, "nothing");
    await kill(await startHolder("exclusive"));
    expect(await readdir(`${lock}.owners`)).toEqual(["held"]);
    await (await take("wait"))?.[Symbol.asyncDispose]();
    expect(await readdir(`${lock}.owners`)).toEqual([]);
  });

  test("says what to remove where a process was killed while it took the lock from a dead one", async () => {
    process.env.PATH = join(scratch, "nothing");
    await kill(await startHolder("exclusive"));
    const { stdout } = await execa("cat", [join(`${lock}.owners`, "held")], { env: { PATH } });
    await writeFile(join(`${lock}.owners`, "breaking"), stdout);
    await expect(take("wait")).rejects.toMatchObject({ code: "CACHE_LOCK_UNAVAILABLE" });
    await rm(join(`${lock}.owners`, "breaking"));
    await (await take("wait"))?.[Symbol.asyncDispose]();
  });
});
