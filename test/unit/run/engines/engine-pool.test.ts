import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parsePlatform } from "../../../../sdk/core/platform.ts";
import { createEnginePool } from "../../../../sdk/run/engines/engine-pool.ts";
import { type EngineSelection, engines } from "../../../../sdk/run/engines/engine-selection.ts";

const PLATFORM = parsePlatform("linux/amd64");

let directory: string;
let silent: Server;
let address: string;
let sockets: Socket[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-pool-"));
  sockets = [];
  silent = createServer((socket) => void sockets.push(socket.on("error", () => undefined).resume()));
  silent.listen(join(directory, "socket"));
  await once(silent, "listening");
  address = `unix://${join(directory, "socket")}`;
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  silent.close();
  await rm(directory, { recursive: true, force: true });
});

function selectionOf(choice: EngineSelection["default"]): EngineSelection {
  return { byPlatform: {}, default: choice, emulation: "never" };
}

test("an engine that is opened ahead is not waited for when the run is over", async () => {
  const pool = createEnginePool({ signal: new AbortController().signal, emit: () => {} });
  const selection = selectionOf({ kind: "address", address });
  const ahead = pool.ahead(PLATFORM, selection);
  expect(pool.forPlatform(PLATFORM, selection)).toBe(ahead);
  const refused = expect(ahead).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE", retryable: false });
  await once(silent, "connection");
  await Promise.all([pool[Symbol.asyncDispose](), refused]);
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, "close")));
});

test.each([
  ["has to be found", engines.local()],
  ["may have to be started", engines.container()],
])("an engine that %s is not opened ahead", async (_what, selection) => {
  await using pool = createEnginePool({ signal: new AbortController().signal, emit: () => {} });
  expect(pool.ahead(PLATFORM, selectionOf(selection))).toBeUndefined();
});
