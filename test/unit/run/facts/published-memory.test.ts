import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import { openPublishedMemory } from "../../../../sdk/run/facts/published-memory.ts";

const REFERENCE = "registry.example/acme/init:1";
const TAG = {
  index: digestOf("index"),
  images: {
    "linux/amd64": { mediaType: "application/vnd.oci.image.manifest.v1+json", size: 1, digest: digestOf("a") },
  },
};

let directory = "";
let file = "";
const inFile = async () => file;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kitsmith-test-"));
  file = join(directory, "state", "published.json");
});
afterEach(() => rmSync(directory, { recursive: true }));

test("an answer serves later runs, for as long as the caller trusts it", async () => {
  await noted(1000);
  const later = openPublishedMemory(inFile, () => 1500);
  expect(await later.recall(REFERENCE, 500)).toEqual(TAG);
  expect(await later.recall(REFERENCE, 499)).toBeUndefined();
  expect(await later.recall("registry.example/acme/init:2", 500)).toBeUndefined();
});

test("an answer of the future is not trusted", async () => {
  await noted(1000);
  expect(await openPublishedMemory(inFile, () => 999).recall(REFERENCE, 500)).toBeUndefined();
});

test("what we change is void, also where a question that was put before is noted after", async () => {
  await noted(1000);
  const asking = openPublishedMemory(inFile, () => 1100);
  asking.note(REFERENCE, TAG, 1100);
  const changing = openPublishedMemory(inFile, () => 1200);
  changing.forget(REFERENCE);
  await changing.save();
  await asking.save();
  expect(await openPublishedMemory(inFile, () => 1300).recall(REFERENCE, 1000)).toBeUndefined();
});

test("runs at the same time keep each other's answers", async () => {
  const memories = Array.from({ length: 8 }, () => openPublishedMemory(inFile, () => 1000));
  await Promise.all(
    memories.map(async (memory, index) => {
      await memory.recall(REFERENCE, 1);
      memory.note(`registry.example/acme/package-${index}:1`, TAG, 1000);
      await memory.save();
    }),
  );
  const later = openPublishedMemory(inFile, () => 1000);
  for (const index of memories.keys()) {
    expect(await later.recall(`registry.example/acme/package-${index}:1`, 1)).toEqual(TAG);
  }
});

test.each(["", "{", "[]", '{"version":2,"tags":{}}', '{"version":1,"tags":{"a":{"atMs":1,"tag":{"index":"x"}}}}'])(
  "a file that says %j holds nothing, and is written anew",
  async (content) => {
    await noted(1000);
    writeFileSync(file, content);
    expect(await openPublishedMemory(inFile, () => 1000).recall(REFERENCE, 500)).toBeUndefined();
    await noted(1000);
    expect(await openPublishedMemory(inFile, () => 1000).recall(REFERENCE, 500)).toEqual(TAG);
  },
);

test("it does not grow without end: the oldest go first", async () => {
  const memory = openPublishedMemory(inFile, () => 10_000);
  await memory.recall(REFERENCE, 1);
  for (let index = 1; index <= 5001; index += 1) memory.note(`registry.example/acme/init:${index}`, TAG, index);
  await memory.save();
  expect(Object.keys(JSON.parse(readFileSync(file, "utf8")).tags)).toHaveLength(5000);
  expect(await openPublishedMemory(inFile, () => 5001).recall("registry.example/acme/init:1", 10_000)).toBeUndefined();
});

test("where nobody ever trusted it, nothing is written", async () => {
  const memory = openPublishedMemory(inFile);
  memory.forget(REFERENCE);
  await memory.save();
  expect(() => readFileSync(file)).toThrow();
});

test("what is voided is noted without a lock, by any number at once, and outlives what is noted later of before", async () => {
  await noted(1000);
  rmSync(`${file}.lock`);
  const references = Array.from({ length: 8 }, (_, index) => `registry.example/acme/package-${index}:1`);
  await Promise.all(references.map((reference, index) => voided([reference, REFERENCE], 1200 + index)));
  expect(existsSync(`${file}.lock`)).toBe(false);
  const asked = openPublishedMemory(inFile, () => 1300);
  for (const reference of [...references, REFERENCE]) asked.note(reference, TAG, 1100);
  await asked.save();
  const later = openPublishedMemory(inFile, () => 1300);
  for (const reference of [...references, REFERENCE]) expect(await later.recall(reference, 1000)).toBeUndefined();
  await noted(1250);
  expect(await openPublishedMemory(inFile, () => 1300).recall(REFERENCE, 1000)).toEqual(TAG);
});

test("what is voided does not grow without end, and is not lost", async () => {
  await noted(1000);
  const references = Array.from({ length: 900 }, (_, index) => `registry.example/${"acme/".repeat(20)}init:${index}`);
  const asked = openPublishedMemory(inFile, () => 1100);
  for (const reference of references) asked.note(reference, TAG, 1100);
  await asked.save();
  await voided(references, 1200);
  expect(existsSync(`${file}.voids`)).toBe(false);
  await voided([REFERENCE], 1300);
  expect(readFileSync(`${file}.voids`, "utf8")).toBe(`1300 ${REFERENCE}\n`);
  const later = openPublishedMemory(inFile, () => 1300);
  for (const reference of [...references, REFERENCE]) expect(await later.recall(reference, 1000)).toBeUndefined();
  rmSync(`${file}.voids.1`);
  const last = openPublishedMemory(inFile, () => 1300);
  for (const reference of references) expect(await last.recall(reference, 1000)).toBeUndefined();
});

async function voided(references: readonly string[], atMs: number): Promise<void> {
  const memory = openPublishedMemory(inFile, () => atMs);
  for (const reference of references) memory.forget(reference);
  await memory.save();
}

async function noted(atMs: number): Promise<void> {
  const memory = openPublishedMemory(inFile, () => atMs);
  await memory.recall(REFERENCE, 1);
  memory.note(REFERENCE, TAG, atMs);
  await memory.save();
}
