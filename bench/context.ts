import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPathFilter } from "../sdk/context/path-filter.ts";
import { openTree } from "../sdk/context/virtual-tree.ts";
import { type WalkOptions, walkTree } from "../sdk/context/walk.ts";
import { isRegularMode } from "../sdk/core/file-stat.ts";
import { createTreeListing } from "../sdk/session/filesync/tree-listing.ts";
import { decodePacket, encodePacket } from "../sdk/wire/fsutil/packet.ts";
import { sendTree } from "../sdk/wire/fsutil/sender.ts";
import { decodeFrames } from "../sdk/wire/grpc-frame.ts";

// How fast a build context is walked, filtered and sent: 20 000 small files in 200 directories, and one of 64 MiB.

const DIRECTORIES = 200;
const FILES = 100;
const LARGE_BYTES = 64 * 1024 * 1024;
const PATTERNS = ["**/*.o", "*.log", "!keep.log", "dir1?/**/tmp", "**/node_modules", "build", ".git", "a/b/c", "x*y"];

const root = await mkdtemp(join(tmpdir(), "kitsmith-bench-"));
const [many, one] = [join(root, "many"), join(root, "one")];
try {
  await makeTrees();
  const entries = DIRECTORIES * (FILES + 1);
  const walkMs = await measure(() => walk(many));
  report("walk", `${Math.round(entries / walkMs)} entries/ms`, walkMs);
  const filtered = () => walk(many, { filters: [createPathFilter({ exclude: PATTERNS })] });
  await compare(`walk with ${PATTERNS.length} patterns`, walkMs, filtered);
  await compare("list, nothing is asked for", walkMs, () => send(many, false));
  await compare("send all small files", walkMs, () => send(many, true));
  const sendMs = await measure(() => send(one, true));
  report("send the large file", `${Math.round(LARGE_BYTES / 2 ** 20 / (sendMs / 1000))} MiB/s`, sendMs);
} finally {
  await rm(root, { recursive: true });
}

async function makeTrees(): Promise<void> {
  for (let directory = 0; directory < DIRECTORIES; directory += 1) {
    const path = join(many, `dir${directory}`);
    await mkdir(path, { recursive: true });
    await Promise.all(Array.from({ length: FILES }, (_, file) => writeFile(join(path, `file${file}.c`), "content")));
  }
  await mkdir(one);
  await writeFile(join(one, "large"), Buffer.alloc(LARGE_BYTES, 1));
}

async function walk(directory: string, options: WalkOptions = {}): Promise<void> {
  const tree = await openTree({ layers: [{ directory, prefix: "" }] });
  for await (const _ of walkTree(tree, options));
}

/** Sends a tree to a daemon that costs next to nothing, and asks for every file or none. */
async function send(directory: string, askForFiles: boolean): Promise<void> {
  const tree = await openTree({ layers: [{ directory, prefix: "" }] });
  const answers: Uint8Array[] = [];
  let wake = () => {};
  let nextId = 0;
  let missing = 1;
  const receive = async (message: Uint8Array): Promise<void> => {
    const packet = decodePacket(message);
    if (packet.type === "stat" && packet.stat) {
      if (askForFiles && isRegularMode(packet.stat.mode)) {
        answers.push(encodePacket({ type: "request", id: nextId }));
        missing += 1;
      }
      nextId += 1;
    } else if (packet.type === "stat" || (packet.type === "data" && packet.data.byteLength === 0)) missing -= 1;
    if (missing === 0) answers.push(encodePacket({ type: "finish" }));
    wake();
  };
  async function* messages(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      while (answers.length > 0) yield* answers.splice(0);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const sendFrames = async (frames: Uint8Array): Promise<void> => {
    for await (const message of decodeFrames(onlyChunk(frames), frames.byteLength)) await receive(message);
  };
  await sendTree({ messages: messages(), send: receive, sendFrames }, createTreeListing(tree, {}));
}

async function* onlyChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield chunk;
}

async function compare(what: string, baseMs: number, task: () => Promise<void>): Promise<void> {
  const timeMs = await measure(task);
  report(what, `${(timeMs / baseMs).toFixed(2)} × walk`, timeMs);
}

/** The best of three, in milliseconds. */
async function measure(task: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const start = performance.now();
    await task();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
}

function report(what: string, ratio: string, timeMs: number): void {
  console.log(`${what.padEnd(30)} ${ratio.padStart(16)} ${timeMs.toFixed(0).padStart(7)} ms`);
}
