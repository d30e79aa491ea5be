import { expect, test, vi } from "vitest";
import { createRenderer } from "../../../sdk/progress/create-renderer.ts";
import type { RunEvent } from "../../../sdk/progress/event.ts";
import { MemoryStream } from "./memory-stream.ts";
import { amd64, RUN } from "./run-events.ts";
import { playTerminal } from "./terminal-player.ts";

function show(
  events: readonly RunEvent[],
  size: { readonly columns: number; readonly rows: number },
  close: boolean,
): string[] {
  vi.useFakeTimers();
  try {
    const stream = new MemoryStream(size);
    const renderer = createRenderer("tty", { stream, now: () => 9000 });
    for (const event of events) {
      renderer.handle(event);
      vi.advanceTimersByTime(100);
    }
    if (close) renderer.close();
    return playTerminal(stream.text);
  } finally {
    vi.useRealTimers();
  }
}

const UNTIL_LOGS = RUN.slice(
  0,
  RUN.findIndex((event) => event.type === "build.warning"),
);

test("while it runs: what happened above, nodes with steps, time and output below", () => {
  const screen = show(UNTIL_LOGS, { columns: 80, rows: 30 }, false);
  expect(screen).toEqual([
    "engine unix:///run/one.sock: starting (buildkitd)",
    "engine unix:///run/one.sock: ready (0.33.1)",
    "acme/init linux/arm64  | warning: linux/arm64 is emulated",
    expect.stringMatching(/^acme\/agent linux\/amd64 \| published \(registry has the tag\) sha256:/),
    "acme/init linux/amd64  | context: 1 of 42 files sent, 12.3 MB in 0.4s, 3 ignored",
    "push  1 published, 2 running                                               8.0s",
    "acme/init linux/amd64  2/3                                                 7.7s",
    "  → [3/3] RUN make                                                         7.4s",
    "    cc -c a.c",
    "    cc -c b.c",
    "    red",
    "acme/init linux/arm64 (emulated)  0/1                                      7.7s",
    "  → [3/3] RUN make                                                         7.4s",
    "    100%",
    "    make: *** Error 2",
  ]);
});

test("no row is wider than the terminal, and the view is no higher", () => {
  const events: RunEvent[] = Array.from({ length: 40 }, (_, index) => ({
    type: "node.started",
    at: 1,
    node: { package: `acme/一package-with-a-long-name-${index}`, platform: "linux/amd64" },
    engine: "e",
  }));
  const screen = show(
    [{ type: "run.started", at: 1, verb: "build", packages: [] }, ...events],
    { columns: 30, rows: 12 },
    false,
  );
  expect(screen).toHaveLength(10);
  expect(Math.max(...screen.map((row) => row.length))).toBeLessThanOrEqual(29);
});

test("a transfer shows its bytes while it is on its way", () => {
  const until = RUN.findIndex((event) => event.type === "transfer") + 1;
  const screen = show(RUN.slice(0, until), { columns: 80, rows: 30 }, false);
  expect(screen.join("\n")).toMatch(/sha256:layer +1\.0 MB of 3\.5 MB/);
});

test("at the end only what stays is left", () => {
  const screen = show(RUN, { columns: 200, rows: 30 }, true);
  expect(screen.at(-1)).toBe("push failed in 1m00s: 1 built, 1 published, 1 failed, 1 warning");
  expect(screen.join("\n")).toContain("acme/init linux/arm64  | BUILD_STEP_FAILED: exit code 2");
  expect(screen.join("\n")).not.toContain("cc -c a.c");
});

test("each drawing is one write, and the cursor is never hidden", () => {
  const stream = new MemoryStream({ columns: 80, rows: 24 });
  const renderer = createRenderer("tty", { stream, now: () => 9000 });
  for (const event of UNTIL_LOGS) renderer.handle(event);
  renderer.close();
  renderer.close();
  renderer.handle({ type: "notice", at: 1, level: "info", message: "late", node: amd64 });
  expect(stream.chunks).toHaveLength(1);
  expect(stream.text).not.toContain("\u001b[?25l");
});
