import { expect, test } from "vitest";
import type { RunEvent } from "../../../sdk/progress/event.ts";
import type { RunContext } from "../../../sdk/run/run.ts";
import { withRunEnd } from "../../../sdk/run/run-end.ts";

const STARTED: RunEvent = { type: "run.started", at: 1, verb: "push", packages: ["acme/a"] };
const node = { package: "acme/a", platform: "linux/amd64" };
const READY: RunEvent = { type: "plan.ready", at: 2, nodes: [{ ...node, state: "missing", why: "", emulated: false }] };
const NONE = { built: 0, cached: 0, published: 0, pulled: 0, failed: 0, canceled: 0, skipped: 0 };

/** The events that are told while some are emitted and the work then ends so. */
async function told(events: readonly RunEvent[], end: () => Promise<unknown>): Promise<readonly RunEvent[]> {
  const seen: RunEvent[] = [];
  const context: RunContext = { signal: new AbortController().signal, emit: (event) => seen.push(event) };
  const work = async ({ emit }: RunContext) => {
    for (const event of events) emit(event);
    await end();
  };
  await withRunEnd(context, work).catch(() => {});
  return seen;
}

const fails = () => Promise.reject(new RangeError("no"));

test("what began and threw is told to have failed, with the outcomes of what was planned", async () => {
  const other = { package: "acme/needed", platform: "linux/amd64" };
  const events = await told(
    [
      STARTED,
      READY,
      { type: "node.finished", at: 3, node: other, outcome: "built" },
      { type: "node.finished", at: 4, node, outcome: "canceled" },
    ],
    fails,
  );
  expect(events.at(-1)).toMatchObject({ type: "run.finished", ok: false, outcomes: { ...NONE, canceled: 1 } });
});

test("what began and told no end is told to have succeeded where it gave a result", async () => {
  expect((await told([STARTED], async () => {})).at(-1)).toMatchObject({ type: "run.finished", ok: true });
});

test("an end that was told is not told again, nor is one of what never began", async () => {
  const finished: RunEvent = { type: "run.finished", at: 5, ok: false, outcomes: NONE };
  expect(await told([STARTED, finished], fails)).toEqual([STARTED, finished]);
  expect(await told([], fails)).toEqual([]);
});

test("the caller gets what the work threw", async () => {
  const reason = { because: "of this" };
  const context: RunContext = { signal: new AbortController().signal, emit: () => {} };
  await expect(withRunEnd(context, () => Promise.reject(reason))).rejects.toBe(reason);
});
