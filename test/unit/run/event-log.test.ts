import { describe, expect, test } from "vitest";
import type { RunEvent } from "../../../sdk/progress/event.ts";
import { EventLog } from "../../../sdk/run/event-log.ts";

const notice = (message: string): RunEvent => ({ type: "notice", at: 0, level: "info", message });
const log = (text: string): RunEvent => ({
  type: "log",
  at: 0,
  node: { package: "acme/init", platform: "linux/amd64" },
  vertex: "sha256:aa",
  stream: "stdout",
  text,
});

async function all(events: EventLog): Promise<readonly RunEvent[]> {
  const read: RunEvent[] = [];
  for await (const event of events.read()) read.push(event);
  return read;
}

describe("EventLog", () => {
  test("late readers see everything from the start", async () => {
    const events = new EventLog();
    events.push(notice("one"));
    const early = all(events);
    events.push(notice("two"));
    events.end();
    expect(await early).toEqual([notice("one"), notice("two")]);
    expect(await all(events)).toEqual(await early);
  });

  test("readers wait for what comes", async () => {
    const events = new EventLog();
    const reader = events.read();
    const first = reader.next();
    events.push(notice("one"));
    expect(await first).toEqual({ done: false, value: notice("one") });
    const end = reader.next();
    events.end();
    expect(await end).toEqual({ done: true, value: undefined });
  });

  test("old log events are dropped past a bound, and a notice says how many", async () => {
    const events = new EventLog(2);
    for (const event of [log("a"), notice("kept"), log("b"), log("c"), log("d")]) events.push(event);
    events.end();
    const read = await all(events);
    expect(read.filter((event) => event.type === "log")).toEqual([log("c"), log("d")]);
    expect(read.map((event) => event.type)).toEqual(["notice", "notice", "notice", "log", "log"]);
    expect(read[0]).toMatchObject({ level: "warning", message: expect.stringContaining("1 log event") });
  });
});
