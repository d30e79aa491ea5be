import { beforeEach, expect, test } from "vitest";
import type { NodeName, RunEvent } from "../../../../sdk/progress/event.ts";
import { createEarlyTreeCheck, type EarlyTreeCheck } from "../../../../sdk/run/tagging/early-tree-check.ts";
import type { Pace } from "../../../../sdk/run/tagging/pace.ts";

const AMD64: NodeName = { package: "acme/p", platform: "linux/amd64" };
const ARM64: NodeName = { package: "acme/p", platform: "linux/arm64" };
const OTHER: NodeName = { package: "acme/base", platform: "linux/amd64" };
const CHANGED = new Error("changed");

let looks: number;
let isChanged: boolean;
let early: EarlyTreeCheck;
const create = (pace: Pace) =>
  createEarlyTreeCheck(
    async () => {
      looks += 1;
      if (isChanged) throw CHANGED;
    },
    [AMD64, ARM64],
    pace,
  );
beforeEach(() => {
  [looks, isChanged] = [0, false];
  early = create((task) => task());
});

const vertex = (node: NodeName, name: string, startedAt: number | undefined = 1): RunEvent => ({
  ...{ type: "vertex", at: 1, node, digest: `sha256:${name}`, name, cached: false },
  ...(startedAt === undefined ? {} : { startedAt }),
});
const synced = (node: NodeName): RunEvent => ({
  ...{ type: "context.synced", at: 1, node, name: "context", filesTotal: 1, bytesTotal: 1, filesSent: 1, bytesSent: 1 },
  ...{ filesSkipped: 0, bytesSkipped: 0, filesIgnored: 0, entriesIgnored: 0, durationMs: 1, largestFiles: [] },
});

test("the look begins when all builds export, once", async () => {
  early.observe(synced(AMD64));
  for (const event of [
    vertex(AMD64, "COPY . /"),
    vertex(AMD64, "exporting to image"),
    vertex(OTHER, "exporting to image"),
  ])
    early.observe(event);
  expect(looks).toBe(0);
  early.observe(vertex(ARM64, "exporting to oci image format"));
  early.observe(vertex(ARM64, "exporting to oci image format"));
  expect(looks).toBe(1);
  await early.check();
  expect(looks).toBe(1);
});

test("what was sent after it began makes it void", async () => {
  for (const node of [AMD64, ARM64]) early.observe(vertex(node, "exporting to image"));
  early.observe(synced(ARM64));
  isChanged = true;
  await expect(early.check()).rejects.toBe(CHANGED);
  expect(looks).toBe(2);
});

test("what it found is told when it is asked for", async () => {
  isChanged = true;
  for (const node of [AMD64, ARM64]) early.observe(vertex(node, "exporting to image"));
  await new Promise(setImmediate);
  isChanged = false;
  await expect(early.check()).rejects.toBe(CHANGED);
});

test("where not all builds tell of an export, it is made at the end", async () => {
  early.observe(vertex(AMD64, "exporting to image"));
  await early.check();
  expect(looks).toBe(1);
});

/** All builds export, and the look waits for others until `later`. */
function exportLater() {
  const waiting: (() => void)[] = [];
  const paced = create((task) => void waiting.push(task));
  for (const node of [AMD64, ARM64]) paced.observe(vertex(node, "exporting to image"));
  return {
    paced,
    later: () => {
      for (const task of waiting) task();
    },
  };
}

test("whoever asks does not wait for a look that others have to join", async () => {
  const { paced, later } = exportLater();
  expect(looks).toBe(0);
  await paced.check();
  later();
  await paced.check();
  expect(looks).toBe(1);
});

test("a look that waits for others is void where files are sent meanwhile", async () => {
  const { paced, later } = exportLater();
  paced.observe(synced(ARM64));
  later();
  expect(looks).toBe(0);
  await paced.check();
  expect(looks).toBe(1);
});
