import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Abortable, delay } from "../../core/abort.ts";
import { ContentError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { asWriteError, hasErrorCode } from "./write-error.ts";

/** Where the processes that a lock is for write down who has it. */
const DIRECTORY_SUFFIX = ".owners";
const HELD = "held";
const BREAKING = "breaking";
const SHARED_PREFIX = "shared-";
const NEW_PREFIX = "new-";
const PAUSE_MS = 20;
/** For an owner of whom nobody here can say whether it still runs. */
const PATIENCE_MS = 120_000;

/** A process, told from a later one with the same number. */
interface Owner {
  /** Unique to each lock that is taken. */
  readonly token: string;
  readonly pid: number;
  /** Ticks since the machine started; empty where the system does not tell. */
  readonly startedAt: string;
  /** The machine since it started, and the space that its process numbers count in. */
  readonly place: string;
}

type OwnerState = "alive" | "dead" | "elsewhere" | "gone";

/** How an owned lock is taken. */
export interface OwnedLockOptions extends Abortable {
  readonly command: "try" | "wait";
  readonly mode: "exclusive" | "shared";
}

/**
 * A lock that is a file which says who has it, for where no program can ask the kernel for one. It is seen by processes
 * that take it in this way only. An owner that was killed is noticed by its process number and start, if it ran in the same
 * place; of one elsewhere, as in another container, nothing is taken away: after two minutes of waiting that is an error.
 *
 * @throws ContentError `CACHE_LOCK_UNAVAILABLE`, `CONTENT_WRITE_FAILED`
 */
export async function takeOwnedLock(
  path: string,
  { command, mode, signal }: OwnedLockOptions,
): Promise<AsyncDisposable | undefined> {
  const directory = `${path}${DIRECTORY_SUFFIX}`;
  const held = join(directory, HELD);
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw asWriteError(cause, directory);
  });
  const me = await ownOwner();
  const waitsSince = Date.now();
  while (true) {
    signal?.throwIfAborted();
    if (await claim(directory, HELD, me)) {
      const lock = await settle(directory, mode, me);
      if (lock !== undefined) return lock;
    } else if ((await ownerState(held)).state === "dead") {
      await breakLock(directory, me);
      continue;
    }
    if (command === "try") return undefined;
    if (Date.now() - waitsSince > PATIENCE_MS) await refuseForeign(path, directory);
    await delay(PAUSE_MS, signal);
  }
}

/** Why a lock cannot be taken. */
export function lockUnavailable(path: string, problem: string, hint: string): ContentError {
  return new ContentError("CACHE_LOCK_UNAVAILABLE", `the lock ${path} cannot be taken: ${problem}`, {
    hint,
    details: { path },
  });
}

/** Who claimed the lock keeps it alone, or leaves its name among those that share it. */
async function settle(
  directory: string,
  mode: OwnedLockOptions["mode"],
  me: Owner,
): Promise<AsyncDisposable | undefined> {
  const held = join(directory, HELD);
  if (mode === "exclusive") {
    if (!(await isShared(directory))) return { [Symbol.asyncDispose]: () => rm(held, { force: true }) };
    await rm(held, { force: true });
    return undefined;
  }
  const name = join(directory, `${SHARED_PREFIX}${me.token}`);
  try {
    await writeOwner(name, me);
  } finally {
    await rm(held, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(name, { force: true }) };
}

/** To be called by who claimed the lock: nobody else adds a name then. */
async function isShared(directory: string): Promise<boolean> {
  let shared = false;
  for (const name of (await readdir(directory)).filter((entry) => entry.startsWith(SHARED_PREFIX))) {
    const { state } = await ownerState(join(directory, name));
    if (state === "dead") await rm(join(directory, name), { force: true });
    else if (state !== "gone") shared = true;
  }
  return shared;
}

/** A link to a file that is whole: there is no moment at which the lock is held by nobody who could be named. */
async function claim(directory: string, name: string, me: Owner): Promise<boolean> {
  const own = join(directory, `${NEW_PREFIX}${me.token}`);
  await writeOwner(own, me);
  try {
    await link(own, join(directory, name));
    return true;
  } catch (cause) {
    if (hasErrorCode(cause, "EEXIST")) return false;
    if (!hasErrorCode(cause, "EPERM", "ENOTSUP", "ENOSYS")) throw asWriteError(cause, directory);
    throw lockUnavailable(
      directory,
      "its file system knows no links",
      "Install perl, python3 or flock, or move the cache.",
    );
  } finally {
    await rm(own, { force: true });
  }
}

/** Takes the lock from a dead owner. One at a time may, so that nobody takes it from the next owner. */
async function breakLock(directory: string, me: Owner): Promise<void> {
  const [held, breaking] = [join(directory, HELD), join(directory, BREAKING)];
  if (!(await claim(directory, BREAKING, me))) {
    if ((await ownerState(breaking)).state !== "dead") return await delay(PAUSE_MS);
    throw lockUnavailable(held, `${breaking} was left by a process that was killed`, `Remove ${breaking}.`);
  }
  try {
    await removeDead(held);
    const begun = (await readdir(directory)).filter((name) => name.startsWith(NEW_PREFIX));
    for (const name of begun) await removeDead(join(directory, name));
  } finally {
    await rm(breaking, { force: true });
  }
}

async function removeDead(file: string): Promise<void> {
  if ((await ownerState(file)).state === "dead") await rm(file, { force: true });
}

async function refuseForeign(path: string, directory: string): Promise<void> {
  const names = await readdir(directory);
  for (const name of names.filter((entry) => entry === HELD || entry.startsWith(SHARED_PREFIX))) {
    const file = join(directory, name);
    const { state, owner } = await ownerState(file);
    if (state !== "elsewhere") continue;
    const who = owner === undefined ? "somebody" : `process ${owner.pid} of another container or machine`;
    throw lockUnavailable(path, `${who} has it`, `If that process is gone, remove ${file}.`);
  }
}

async function writeOwner(file: string, owner: Owner): Promise<void> {
  await writeFile(file, JSON.stringify(owner)).catch((cause: unknown) => {
    throw asWriteError(cause, file);
  });
}

async function ownerState(file: string): Promise<{ readonly state: OwnerState; readonly owner?: Owner }> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    if (hasErrorCode(cause, "ENOENT")) return undefined;
    throw asWriteError(cause, file);
  });
  if (text === undefined) return { state: "gone" };
  const owner = parseOwner(text);
  if (owner?.place !== (await ownPlace())) return { state: "elsewhere", ...(owner ? { owner } : {}) };
  const isAlive = isRunning(owner.pid) && (await startOf(owner.pid)) === owner.startedAt;
  return { state: isAlive ? "alive" : "dead", owner };
}

function parseOwner(text: string): Owner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const { token, pid, startedAt, place } = value;
  const isWhole = typeof token === "string" && typeof startedAt === "string" && typeof place === "string";
  return isWhole && typeof pid === "number" ? { token, pid, startedAt, place } : undefined;
}

async function ownOwner(): Promise<Owner> {
  const { pid } = process;
  return { token: randomUUID(), pid, startedAt: await startOf(pid), place: await ownPlace() };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return hasErrorCode(cause, "EPERM");
  }
}

/** The second field is the program's name in parentheses, and may itself hold spaces and parentheses. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state = "", ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return state === "Z" || state === "X" ? "ended" : (fields[18] ?? "");
}

async function ownPlace(): Promise<string> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const numbers = await readlink("/proc/self/ns/pid").catch(() => "");
  return [hostname(), boot.trim(), numbers].join(" ");
}
