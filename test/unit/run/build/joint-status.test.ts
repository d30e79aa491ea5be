import { expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import type { SolveStatus } from "../../../../sdk/engine/engine.ts";
import type { Definition } from "../../../../sdk/llb/definition.ts";
import { createStatusShares } from "../../../../sdk/run/build/joint-status.ts";

const op = (name: string) => new TextEncoder().encode(name);
const definition = (...names: string[]): Definition => ({ ops: names.map(op), metadata: new Map() });
const ran = (...names: string[]): SolveStatus => ({
  vertexes: names.map((name) => ({ digest: digestOf(op(name)), name, inputs: [], cached: false })),
  ...{ statuses: [], warnings: [] },
  logs: names.map((name) => ({ vertex: digestOf(op(name)), stream: "stdout", data: op(name), atEpochMs: 0 })),
});

function createListeners() {
  const shares = createStatusShares();
  const listen = () => {
    const heard: string[] = [];
    const share = shares.add(({ vertexes, logs }) => {
      expect(logs.map(({ vertex }) => vertex)).toEqual(vertexes.map(({ digest }) => digest));
      heard.push(...vertexes.map(({ name }) => name));
    });
    return { heard, share };
  };
  return { shares, one: listen(), other: listen() };
}

test("each build is told of its own steps and of those that both have; of what is nobody's, both", () => {
  const { shares, one, other } = createListeners();
  shares.deliver(ran("load"));
  one.share.know(definition("base", "amd64"));
  other.share.know(definition("base", "arm64"));
  shares.deliver(ran("base", "amd64", "arm64", "export"));
  expect(one.heard).toEqual(["load", "base", "amd64", "export"]);
  expect(other.heard).toEqual(["load", "base", "arm64", "export"]);
});

test("what ran before a build knew its steps is told then, and what was another's is not", () => {
  const { shares, one, other } = createListeners();
  one.share.know(definition("base", "amd64"));
  shares.deliver(ran("base"));
  shares.deliver(ran("amd64"));
  expect(other.heard).toEqual([]);
  other.share.know(definition("base", "arm64"));
  expect(other.heard).toEqual(["base"]);
  shares.deliver(ran("arm64"));
  expect(other.heard).toEqual(["base", "arm64"]);
  expect(one.heard).toEqual(["base", "amd64"]);
});
