import { expect, test } from "vitest";
import { reduceRun } from "../../../sdk/progress/reducer.ts";
import { INITIAL_RUN_STATE } from "../../../sdk/progress/run-state.ts";
import { amd64, arm64, RUN } from "./run-events.ts";

const END = RUN.reduce(reduceRun, INITIAL_RUN_STATE);

test("the state after a run holds each node's end, engine and times", () => {
  expect(END).toMatchObject({ verb: "push", status: "failed", startedAt: 1000, finishedAt: 61_000 });
  expect(END.nodes.map(({ package: name, platform, status, engine }) => [name, platform, status, engine])).toEqual([
    ["acme/init", "linux/amd64", "built", "unix:///run/one.sock"],
    ["acme/init", "linux/arm64", "failed", "unix:///run/one.sock"],
    ["acme/agent", "linux/amd64", "published", undefined],
  ]);
  expect(END.counts).toMatchObject({ built: 1, failed: 1, published: 1, waiting: 0, running: 0 });
  expect(END.images).toEqual([{ reference: "acme/init:abc-amd64", digest: expect.any(String), pushed: false }]);
});

test("steps are numbered in the order in which they start, per node", () => {
  const steps = END.nodes[0]?.steps.map(({ number, name, cached }) => [number, name, cached]);
  expect(steps).toEqual([
    [2, "[2/3] COPY . .", true],
    [1, "[1/3] FROM alpine", false],
    [3, "[3/3] RUN make", false],
  ]);
  expect(END.nodes[1]?.steps).toHaveLength(1);
});

test("a step that was only announced has no number", () => {
  const state = reduceRun(INITIAL_RUN_STATE, {
    type: "vertex",
    at: 1,
    node: amd64,
    digest: "sha256:1",
    name: "FROM alpine",
    cached: false,
  });
  expect(state.nodes[0]?.steps[0]?.number).toBe(0);
});

test("lines are put together from pieces, per stream, and only the last are kept", () => {
  const log = (stream: "stdout" | "stderr", text: string) =>
    ({ type: "log", at: 1, node: arm64, vertex: "v", stream, text }) as const;
  const many = Array.from({ length: 30 }, (_, index) => log("stdout", `line ${index}\n`));
  const events = [log("stdout", "a"), log("stderr", "x"), log("stdout", "b\n"), log("stderr", "y\n"), ...many];
  const step = events.reduce(reduceRun, INITIAL_RUN_STATE).nodes[0]?.steps[0];
  expect(events.slice(0, 4).reduce(reduceRun, INITIAL_RUN_STATE).nodes[0]?.steps[0]?.log.lines).toEqual(["ab", "xy"]);
  expect(step?.log.lines).toHaveLength(20);
  expect(step?.log.lines.at(-1)).toBe("line 29");
});

test("a transfer replaces its earlier state", () => {
  expect(END.nodes[0]?.transfers).toEqual([
    { id: "sha256:layer", vertex: "sha256:1", currentBytes: 3_500_000, totalBytes: 3_500_000, completed: true },
  ]);
});

test("states are frozen and earlier ones stay as they were", () => {
  const states = [INITIAL_RUN_STATE];
  for (const event of RUN) states.push(reduceRun(states.at(-1) ?? INITIAL_RUN_STATE, event));
  expect(states[0]).toBe(INITIAL_RUN_STATE);
  expect(states[3]?.nodes[0]?.status).toBe("waiting");
  for (const state of states) {
    expect(Object.isFrozen(state) && Object.isFrozen(state.nodes) && Object.isFrozen(state.counts)).toBe(true);
    expect(state.nodes.every((node) => Object.isFrozen(node) && node.steps.every(Object.isFrozen))).toBe(true);
  }
});
