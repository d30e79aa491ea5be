import { spawn } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import type { Abortable } from "../../core/abort.ts";
import { lockUnavailable, takeOwnedLock } from "./owned-lock.ts";
import { asWriteError } from "./write-error.ts";

/** A lock that is held until it is disposed. */
export type HeldLock = AsyncDisposable;

/** How a lock is taken. */
export interface LockOptions extends Abortable {
  /** `shared` is held by any number at once while nobody holds it exclusively. Default `exclusive`. */
  readonly mode?: "exclusive" | "shared";
}

/** A program that takes a lock on descriptor 3, which it shares with us: the lock belongs to the open file, so it stays when
 * the program ends, and goes when we close the file, or die. */
interface LockHelper {
  /** Whether the LinuxKit CLI sees the lock. */
  readonly seenByLinuxKit: boolean;
  readonly program: readonly [string, ...string[]];
  readonly parameters: (command: "try" | "wait", mode: "exclusive" | "shared") => readonly string[];
  /** Its exit status where another has the lock. */
  readonly busy: number;
}

/** F_OFD_SETLK and F_OFD_SETLKW: take it or give up, and wait for it; F_RDLCK and F_WRLCK. */
const recordLock: LockHelper["parameters"] = (command, mode) => [
  command === "try" ? "37" : "38",
  mode === "shared" ? "0" : "1",
];

/** They get the command and the type of the lock; the record is struct flock of 64-bit Linux. */
const RECORD_LOCKS: readonly LockHelper[] = [
  {
    ...{ seenByLinuxKit: true, parameters: recordLock, busy: 5 },
    program: [
      "perl",
      "-e",
      'open(my $f, "+<&=", 3) or exit 3; my $l = pack("s s x4 q q i x4", $ARGV[1], 0, 0, 0, 0); until (fcntl($f, $ARGV[0] + 0, $l)) { exit 5 if $! + 0 == 11 || $! + 0 == 13; exit 4 if $! + 0 != 4 }',
    ],
  },
  {
    ...{ seenByLinuxKit: true, parameters: recordLock, busy: 5 },
    program: [
      "python3",
      "-c",
      "import fcntl, struct, sys\ntry: fcntl.fcntl(3, int(sys.argv[1]), struct.pack('@hhqqi4x', int(sys.argv[2]), 0, 0, 0, 0))\nexcept (BlockingIOError, PermissionError): sys.exit(5)",
    ],
  },
];

/** Of util-linux and of busybox. Its locks are of another kind than LinuxKit's. */
const FLOCK: LockHelper = {
  ...{ seenByLinuxKit: false, program: ["flock"], busy: 1 },
  parameters: (command, mode) => [mode === "shared" ? "-s" : "-x", ...(command === "try" ? ["-n"] : []), "3"],
};

/** The systems that BSD left its locks to let them and record locks see each other. */
const PERL_FLOCK: LockHelper = {
  ...{ seenByLinuxKit: true, busy: 5 },
  program: [
    "perl",
    "-e",
    'open(my $f, "+<&=", 3) or exit 3; until (flock($f, $ARGV[0])) { exit 5 if $!{EWOULDBLOCK}; exit 4 unless $!{EINTR} }',
  ],
  parameters: (command, mode) => [String((mode === "shared" ? 1 : 2) + (command === "try" ? 4 : 0))],
};

const HELPERS: readonly LockHelper[] = process.platform === "linux" ? [...RECORD_LOCKS, FLOCK] : [PERL_FLOCK];

/**
 * Takes a lock on a whole file, which is made if it is not there; it waits without blocking the event loop.
 *
 * It is a record lock of the kind that the LinuxKit CLI takes (fcntl, not flock), in its open-file form: the two see each
 * other, and closing another descriptor of the file does not drop it. Where there is no program that can take one, `flock`
 * takes another kind, and without that a file tells who holds it: both keep processes of ours apart, not those of the
 * LinuxKit CLI, of which a warning of the process tells once.
 *
 * @throws ContentError `CACHE_LOCK_UNAVAILABLE`, `CONTENT_WRITE_FAILED`
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/src/cmd/linuxkit/util/filelock_unix.go
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<HeldLock> {
  const lock = await takeLock(path, "wait", options);
  if (lock !== undefined) return lock;
  throw lockUnavailable(path, "it was not given", "Keep the cache on a local file system.");
}

/** As {@link lockFile}, but undefined where it would have to wait. */
export async function tryLockFile(path: string, options: LockOptions = {}): Promise<HeldLock | undefined> {
  return await takeLock(path, "try", options);
}

async function takeLock(
  path: string,
  command: "try" | "wait",
  { signal, mode = "exclusive" }: LockOptions,
): Promise<HeldLock | undefined> {
  signal?.throwIfAborted();
  const handle = await openLockFile(path);
  let outcome: HelperOutcome = "none";
  try {
    outcome = await askHelpers(handle.fd, { command, mode }, signal);
  } finally {
    if (outcome !== "held") await handle.close();
  }
  if (outcome === "held") return { [Symbol.asyncDispose]: () => handle.close() };
  if (outcome === "busy") return undefined;
  warnOfStrangers();
  return await takeOwnedLock(path, { command, mode, signal });
}

async function openLockFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "a+", 0o666);
  } catch (cause) {
    throw asWriteError(cause, path);
  }
}

type HelperOutcome = "held" | "busy" | "none";

interface LockWish {
  readonly command: "try" | "wait";
  readonly mode: "exclusive" | "shared";
}

async function askHelpers(
  fd: number,
  { command, mode }: LockWish,
  signal: AbortSignal | undefined,
): Promise<HelperOutcome> {
  for (const { program, parameters, busy, seenByLinuxKit } of HELPERS) {
    const status = await runHelper(program, parameters(command, mode), fd, signal);
    if (status === busy && command === "try") return "busy";
    if (status !== 0) continue;
    if (!seenByLinuxKit) warnOfStrangers();
    return "held";
  }
  return "none";
}

let isWarned = false;

function warnOfStrangers(): void {
  if (isWarned) return;
  isWarned = true;
  process.emitWarning(
    "The cache's lock keeps only kitsmith's own processes apart here. With perl or python3 on PATH, and the cache on a local file system, it keeps the LinuxKit CLI's away, too.",
    { code: "KITSMITH_CACHE_LOCK" },
  );
}

/** The helper's exit status, or what else went wrong. */
function runHelper(
  [command, ...argv]: readonly [string, ...string[]],
  parameters: readonly string[],
  fd: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...argv, ...parameters], {
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "ignore", fd],
      // Ctrl-C in the terminal is for us to handle; it must not look like a lock that cannot be taken.
      detached: true,
      signal,
    });
    child.on("error", (cause) => (signal?.aborted ? reject(signal.reason) : resolve(cause)));
    child.on("exit", (status, killedBy) => {
      if (signal?.aborted) reject(signal.reason);
      else resolve(killedBy === null ? status : { command, killedBy });
    });
  });
}
