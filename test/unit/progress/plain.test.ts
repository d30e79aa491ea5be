import { expect, test } from "vitest";
import { createRenderer } from "../../../sdk/progress/create-renderer.ts";
import type { RunEvent } from "../../../sdk/progress/event.ts";
import { MemoryStream } from "./memory-stream.ts";
import { amd64, RUN } from "./run-events.ts";

function render(events: readonly Parameters<ReturnType<typeof createRenderer>["handle"]>[0][]): string {
  const stream = new MemoryStream();
  const renderer = createRenderer("plain", { stream });
  for (const event of events) renderer.handle(event);
  renderer.close();
  return stream.text;
}

test("a whole run as plain lines", async () => {
  await expect(render(RUN)).toMatchFileSnapshot("../../golden/progress-plain.txt");
});

test("equal events give equal text", () => {
  expect(render(RUN)).toBe(render(RUN));
});

test("a step is told once, however often its state comes", () => {
  const vertex = {
    type: "vertex",
    at: 5,
    node: amd64,
    digest: "d",
    name: "RUN x",
    cached: false,
    startedAt: 1,
  } as const;
  const done = { ...vertex, completedAt: 1501 };
  expect(render([vertex, vertex, done, done]).split("\n")).toEqual([
    "acme/init linux/amd64 | #1 RUN x",
    "acme/init linux/amd64 | #1 DONE 1.5s",
    "",
  ]);
});

test("a name cannot write to the terminal", () => {
  const node = { package: "evil\u001b[2J/a\nb", platform: "linux/amd64" };
  expect(render([{ type: "notice", at: 1, level: "info", message: "x\u001b[2Jy", node }])).toBe(
    "evil/ab linux/amd64 | xy\n",
  );
});

test("a transfer of files is told if it was large or long", () => {
  const none = { filesTotal: 3, bytesTotal: 9, filesSent: 0, bytesSent: 0, filesSkipped: 3, bytesSkipped: 9 };
  const synced = {
    ...{ type: "context.synced" as const, at: 5, node: amd64, name: "context", ...none },
    ...{ entriesIgnored: 0, durationMs: 900, largestFiles: [] },
  } satisfies RunEvent;
  expect(render([synced, { ...synced, durationMs: 1500 }, { ...synced, bytesSent: 20_000_000 }]).split("\n")).toEqual([
    "acme/init linux/amd64 | context: 0 of 3 files sent, 0 B in 1.5s",
    "acme/init linux/amd64 | context: 0 of 3 files sent, 20.0 MB in 0.9s",
    "",
  ]);
});
