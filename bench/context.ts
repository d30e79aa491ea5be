/**
 * How fast a build context is walked, filtered and sent, without an engine: many small files beside the walk of them alone,
 * and one of 64 MB.
 */
import { join } from "node:path";
import { createPathFilter } from "../sdk/context/path-filter.ts";
import { openTree } from "../sdk/context/virtual-tree.ts";
import { type WalkOptions, walkTree } from "../sdk/context/walk.ts";
import { isRegularMode } from "../sdk/core/file-stat.ts";
import { createTreeListing } from "../sdk/session/filesync/tree-listing.ts";
import { decodePacket, encodePacket } from "../sdk/wire/fsutil/packet.ts";
import { sendTree } from "../sdk/wire/fsutil/sender.ts";
import { decodeFrames } from "../sdk/wire/grpc-frame.ts";

import { createBytes, INPUTS, writeLargeFile, writeTree } from "./harness/inputs.ts";
import { createTimedSide, measure, sampleOf, takeTurns } from "./harness/measurement.ts";
import { reportComparison, reportTime } from "./harness/results.ts";
import { createScratch } from "./harness/scratch.ts";
import { sized } from "./harness/size.ts";

const LARGE_BYTES = sized(64e6, 1e6);
const PATTERNS = ["**/*.o", "*.log", "!keep.log", "d1?/**/tmp", "**/node_modules", "build", ".git", "a/b/c", "x*y"];

using scratch = createScratch();
const many = join(scratch.path, "many");
const one = join(scratch.path, "one");
const shape = { ...INPUTS.context, fileBytes: 8, largeFiles: 0 };
writeTree(many, shape);
writeTree(one, { ...shape, files: 0 });
writeLargeFile(join(one, "large"), LARGE_BYTES, createBytes("large"));
await compareWithWalk();
reportTime(`send a file of ${LARGE_BYTES / 1e6} MB`, await measure(() => send(one, true)));

async function compareWithWalk(): Promise<void> {
  const walked = createTimedSide(() => walk(many));
  const sides = {
    [`walk with ${PATTERNS.length} patterns`]: () => walk(many, { filters: [createPathFilter({ exclude: PATTERNS })] }),
    "list, nothing is asked for": () => send(many, false),
    "send all small files": () => send(many, true),
  };
  const others = Object.entries(sides).map(([what, work]) => ({ what, ...createTimedSide(work) }));
  await takeTurns([walked, ...others], { rounds: 7 });
  const alone = sampleOf(walked.outcomes);
  reportTime(`walk of ${shape.files} files`, alone);
  for (const { what, outcomes } of others) {
    reportComparison({ what, ours: sampleOf(outcomes), peer: { name: "walk", ...alone } });
  }
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
