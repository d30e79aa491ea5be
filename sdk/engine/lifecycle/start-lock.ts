import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import { type Abortable, delay } from "../../core/abort.ts";

const POLL_MS = 100;

/**
 * Runs a function while no other process of this machine holds the lock of the same name; waits for its turn.
 * The lock is a socket name of the kernel, so that it is free again as soon as its holder is gone, however it ended.
 */
export async function withStartLock<Result>(
  name: string,
  run: () => Promise<Result>,
  { signal }: Abortable = {},
): Promise<Result> {
  const path = `\0kitsmith-${createHash("sha256").update(name).digest("hex")}`;
  let lock = await tryListen(path);
  while (lock === undefined) {
    await delay(POLL_MS, signal);
    lock = await tryListen(path);
  }
  const held = lock;
  try {
    return await run();
  } finally {
    await new Promise<void>((resolve) => held.close(() => resolve()));
  }
}

async function tryListen(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  return await new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error),
    );
    server.listen({ path }, () => resolve(server));
  });
}
