import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  describeProcess,
  isRunning,
  type ProcessRecord,
  readProcessRecord,
  stopProcess,
  writeProcessRecord,
} from "../../../../sdk/engine/lifecycle/process-record.ts";

let directory: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-record-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

async function start(script: string): Promise<ProcessRecord> {
  const child = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });
  children.push(child);
  // It has set its traps when it writes.
  if (child.stdout !== null) await once(child.stdout, "data");
  const record = await describeProcess(child.pid ?? -1);
  if (record === undefined) throw new Error("the process ended");
  return record;
}

describe("a process record", () => {
  test("is read back as it was written", async () => {
    const record = await start("echo ready; sleep 100");
    const file = join(directory, "process.json");
    await writeProcessRecord(file, record);
    expect(await readProcessRecord(file)).toEqual(record);
    expect(await isRunning(record)).toBe(true);
  });

  test.each(["", "{", "[]", "7", '{"pid":"1"}', '{"pid":1}'])("is undefined where the file says %j", async (text) => {
    const file = join(directory, "process.json");
    await writeFile(file, text);
    expect(await readProcessRecord(file)).toBeUndefined();
  });

  test("is undefined without a file, and for no process", async () => {
    expect(await readProcessRecord(join(directory, "none"))).toBeUndefined();
    expect(await describeProcess(2 ** 22 + 1)).toBeUndefined();
  });
});

describe("stopping", () => {
  test("ends a process that listens", async () => {
    const record = await start("echo ready; exec sleep 100");
    expect(await stopProcess(record, 5_000)).toBe(true);
    expect(await isRunning(record)).toBe(false);
  });

  test("kills one that does not, with its children", async () => {
    const record = await start("trap '' TERM; sleep 100 & echo ready; while :; do sleep 1; done");
    expect(await stopProcess(record, 200)).toBe(true);
    expect(await isRunning(record)).toBe(false);
  });

  test("leaves a process alone that took over the number", async () => {
    const record = await start("echo ready; sleep 100");
    expect(await stopProcess({ ...record, startedAtTicks: "1" }, 200)).toBe(false);
    expect(await isRunning(record)).toBe(true);
  });
});
