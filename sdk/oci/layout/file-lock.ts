import { spawn } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import type { Abortable } from "../../core/abort.ts";
import { ContentError } from "../../core/errors.ts";
import { asWriteError } from "./write-error.ts";

/** A lock that is held until it is disposed. */
export type HeldLock = AsyncDisposable;

/** How a lock is taken. */
export interface LockOptions extends Abortable {
  /** `shared` is held by any number at once while nobody holds it exclusively. Default `exclusive`. */
  readonly mode?: "exclusive" | "shared";
}

/**
 * Programs that can take the lock on descriptor 3, which they share with us: the lock belongs to the open file, so it
 * stays when they end and goes when we close it, or die. They get the command and the type of the lock; the record is
 * struct flock of 64-bit Linux.
 */
const HELPERS: readonly (readonly [string, ...string[]])[] = [
  [
    "perl",
    "-e",
    'open(my $f, "+<&=", 3) or exit 3; my $l = pack("s s x4 q q i x4", $ARGV[1], 0, 0, 0, 0); until (fcntl($f, $ARGV[0] + 0, $l)) { exit 5 if $! + 0 == 11 || $! + 0 == 13; exit 4 if $! + 0 != 4 }',
  ],
  [
    "python3",
    "-c",
    "import fcntl, struct, sys\ntry: fcntl.fcntl(3, int(sys.argv[1]), struct.pack('@hhqqi4x', int(sys.argv[2]), 0, 0, 0, 0))\nexcept (BlockingIOError, PermissionError): sys.exit(5)",
  ],
];
const BUSY = 5;
/** F_OFD_SETLK and F_OFD_SETLKW: take it or give up, and wait for it. */
const COMMANDS = { try: "37", wait: "38" } as const;
/** F_RDLCK and F_WRLCK. */
const TYPES = { shared: "0", exclusive: "1" } as const;

/**
 * Takes a lock on a whole file, which is made if it is not there; it waits without blocking the event loop.
 *
 * It is a record lock of the kind that the LinuxKit CLI takes (fcntl, not flock), in its open-file form: the two see each
 * other, and closing another descriptor of the file does not drop it.
 *
 * @throws ContentError `CACHE_LOCK_UNAVAILABLE`, `CONTENT_WRITE_FAILED`
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/src/cmd/linuxkit/util/filelock_unix.go
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<HeldLock> {
  const lock = await takeLock(path, "wait", options);
  if (lock !== undefined) return lock;
  throw unavailable(path, []);
}

/** As {@link lockFile}, but undefined where it would have to wait. */
export async function tryLockFile(path: string, options: LockOptions = {}): Promise<HeldLock | undefined> {
  return await takeLock(path, "try", options);
}

async function takeLock(
  path: string,
  command: keyof typeof COMMANDS,
  { signal, mode = "exclusive" }: LockOptions,
): Promise<HeldLock | undefined> {
  signal?.throwIfAborted();
  const handle = await openLockFile(path);
  let isHeld = false;
  try {
    isHeld = await askHelpers(handle.fd, path, [COMMANDS[command], TYPES[mode]], signal);
  } finally {
    if (!isHeld) await handle.close();
  }
  return isHeld ? { [Symbol.asyncDispose]: () => handle.close() } : undefined;
}

async function openLockFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "a+", 0o666);
  } catch (cause) {
    throw asWriteError(cause, path);
  }
}

/** True once the lock is held, false if another holds it. */
async function askHelpers(
  fd: number,
  path: string,
  parameters: readonly string[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const failures: unknown[] = [];
  for (const helper of process.platform === "linux" ? HELPERS : []) {
    const outcome = await runHelper(helper, parameters, fd, signal);
    if (outcome === 0 || outcome === BUSY) return outcome === 0;
    failures.push(outcome);
  }
  throw unavailable(path, failures);
}

function unavailable(path: string, failures: readonly unknown[]): ContentError {
  return new ContentError("CACHE_LOCK_UNAVAILABLE", `the lock ${path} cannot be taken`, {
    hint: "Install perl or python3, and keep the cache on a local Linux file system.",
    cause: new AggregateError(failures),
  });
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
