import { spawn } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import type { Abortable } from "../../core/abort.ts";
import { ContentError } from "../../core/errors.ts";
import { asWriteError } from "./write-error.ts";

/** A lock that is held until it is disposed. */
export type HeldLock = AsyncDisposable;

/**
 * Programs that can take the lock on descriptor 3, which they share with us: the lock belongs to the open file, so it
 * stays when they end and goes when we close it, or die. 38 is F_OFD_SETLKW, the record is struct flock of 64-bit Linux.
 */
const HELPERS: readonly (readonly [string, ...string[]])[] = [
  [
    "perl",
    "-e",
    'open(my $f, "+<&=", 3) or exit 3; my $l = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); until (fcntl($f, 38, $l)) { exit 4 if $! + 0 != 4 }',
  ],
  ["python3", "-c", 'import fcntl, struct; fcntl.fcntl(3, 38, struct.pack("@hhqqi4x", 1, 0, 0, 0, 0))'],
];

/**
 * Takes an exclusive lock on a whole file, which is made if it is not there; it waits without blocking the event loop.
 *
 * It is a record lock of the kind that the LinuxKit CLI takes (fcntl, not flock), in its open-file form: the two see each
 * other, and closing another descriptor of the file does not drop it.
 *
 * @throws ContentError `CACHE_LOCK_UNAVAILABLE`, `CONTENT_WRITE_FAILED`
 * @source https://github.com/linuxkit/linuxkit/blob/3bf33c3/src/cmd/linuxkit/util/filelock_unix.go
 */
export async function lockFile(path: string, options: Abortable = {}): Promise<HeldLock> {
  options.signal?.throwIfAborted();
  const handle = await openLockFile(path);
  try {
    await takeLock(handle.fd, path, options.signal);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
  return { [Symbol.asyncDispose]: () => handle.close() };
}

async function openLockFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, "a+", 0o666);
  } catch (cause) {
    throw asWriteError(cause, path);
  }
}

async function takeLock(fd: number, path: string, signal: AbortSignal | undefined): Promise<void> {
  const failures: unknown[] = [];
  for (const helper of process.platform === "linux" ? HELPERS : []) {
    const failure = await runHelper(helper, fd, signal);
    if (failure === undefined) return;
    failures.push(failure);
  }
  throw new ContentError("CACHE_LOCK_UNAVAILABLE", `the lock ${path} cannot be taken`, {
    hint: "Install perl or python3, and keep the cache on a local Linux file system.",
    cause: new AggregateError(failures),
  });
}

/** Undefined once the lock is held, else what went wrong. */
function runHelper(
  [command, ...argv]: readonly [string, ...string[]],
  fd: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, argv, {
      env: { PATH: process.env.PATH },
      stdio: ["ignore", "ignore", "ignore", fd],
      // Ctrl-C in the terminal is for us to handle; it must not look like a lock that cannot be taken.
      detached: true,
      signal,
    });
    child.on("error", (cause) => (signal?.aborted ? reject(signal.reason) : resolve(cause)));
    child.on("exit", (status, killedBy) => {
      if (signal?.aborted) reject(signal.reason);
      else resolve(status === 0 ? undefined : { command, status, killedBy });
    });
  });
}
