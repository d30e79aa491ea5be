import { expect, test } from "vitest";
import { createRenderer, type ProgressMode } from "../../../sdk/progress/create-renderer.ts";
import { MemoryStream } from "./memory-stream.ts";
import { amd64, RUN } from "./run-events.ts";

const TERMINAL = { columns: 80, rows: 24 };

/** The live view holds its text back until it draws; plain lines come at once. */
function isLive(mode: ProgressMode, terminal: boolean, environment?: Record<string, string>): boolean {
  const stream = new MemoryStream(terminal ? TERMINAL : undefined);
  const renderer = createRenderer(mode, { stream, ...(environment === undefined ? {} : { environment }) });
  renderer.handle({ type: "notice", at: 1, level: "info", message: "hello" });
  const live = stream.text === "";
  renderer.close();
  expect(stream.text).toContain("hello");
  return live;
}

test("auto is live on a terminal only, and not in CI", () => {
  expect(isLive("auto", true)).toBe(true);
  expect(isLive("auto", false)).toBe(false);
  expect(isLive("auto", true, { CI: "true" })).toBe(false);
  expect(isLive("auto", true, { CI: "false" })).toBe(true);
  expect(isLive("auto", true, { TERM: "dumb" })).toBe(false);
});

test("tty falls back to plain lines where there is no terminal", () => {
  expect(isLive("tty", true)).toBe(true);
  expect(isLive("tty", false)).toBe(false);
  expect(isLive("plain", true)).toBe(false);
});

test("json is one line per event that reads back, with no control character", () => {
  const stream = new MemoryStream();
  const renderer = createRenderer("json", { stream });
  const log = { type: "log", at: 1, node: amd64, vertex: "v", stream: "stdout", text: "\u001b[2J\u009b2J\n" } as const;
  for (const event of [...RUN, log]) renderer.handle(event);
  renderer.close();
  const lines = stream.text.trimEnd().split("\n");
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([...RUN, log]);
  expect(lines.join("")).not.toMatch(/\p{Cc}/u);
});

test("quiet writes nothing", () => {
  const stream = new MemoryStream();
  const renderer = createRenderer("quiet", { stream });
  for (const event of RUN) renderer.handle(event);
  renderer.close();
  expect(stream.text).toBe("");
});
