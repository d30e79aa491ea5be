import { expect, test } from "vitest";
import { GraphError } from "../../../sdk/core/errors.ts";
import { llb, marshal, type State, withoutCallSites } from "../../../sdk/llb/index.ts";

/** The line of this file on which the call stands. */
function thisLine(): number {
  const line = /call-site\.test\.ts:(\d+)/.exec(new Error("here").stack?.split("\n")[2] ?? "")?.[1];
  return Number(line);
}

function linesOf(state: State): number[] {
  const { source } = marshal(state, { platform: "linux/amd64", sourceRoot: import.meta.dirname });
  expect(source?.files.map(({ filename }) => filename) ?? []).toEqual(
    source === undefined ? [] : ["call-site.test.ts"],
  );
  return [...(source?.locations.values() ?? [])].flatMap((locations) =>
    locations.flatMap(({ ranges }) => ranges.map(({ start }) => start.line)),
  );
}

test("each vertex points at the line that made it", () => {
  const start = thisLine();
  const state = llb
    .image("alpine")
    .run("echo one", { env: { WITH: "options", THAT: "make the chain too long for a line" } })
    .mkdir("/a")
    .copy(llb.local("context"), "/b");
  expect(linesOf(state).sort()).toEqual([start + 2, start + 3, start + 4, start + 5, start + 5]);
});

test("without call sites there is no source map", () => {
  expect(linesOf(withoutCallSites(() => llb.image("alpine").run("one")))).toEqual([]);
  expect(linesOf(llb.image("alpine"))).toHaveLength(1);
});

test("capturing is on again after a builder that threw", () => {
  expect(() => withoutCallSites(() => llb.scratch().run(""))).toThrow(GraphError);
  expect(linesOf(llb.image("alpine"))).toHaveLength(1);
});

test("an error names the line of the call", () => {
  const line = thisLine() + 2;
  try {
    llb.scratch().run("");
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(GraphError);
    if (!(error instanceof GraphError)) return;
    expect(error.location?.file).toBe(import.meta.filename);
    expect(error.location?.line).toBe(line);
    expect(error.hint).toBeTruthy();
  }
});
