import { expect, test } from "vitest";
import { GraphError } from "../../../sdk/core/errors.ts";
import { atCaller, llb, marshal, type State, withoutCallSites } from "../../../sdk/llb/index.ts";

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

/** A function of a library, and one that is made of it. */
function withTools(state: State): State {
  return atCaller(withTools, () => state.run("install make").run("install cc"));
}
function withMoreTools(state: State): State {
  return atCaller(withMoreTools, () => withTools(state).mkdir("/tools"));
}

test("what a library builds points at the line that called the library", () => {
  const image = llb.image("alpine");
  const start = thisLine();
  const direct = withTools(image);
  const given = image.with(withTools);
  const nested = withMoreTools(image);
  const [imageLine = 0] = linesOf(image);
  expect(linesOf(direct)).toEqual([imageLine, start + 1, start + 1]);
  expect(linesOf(given)).toEqual([imageLine, start + 2, start + 2]);
  expect(linesOf(nested)).toEqual([imageLine, start + 3, start + 3, start + 3]);
  expect(linesOf(image.mkdir("/after"))).toEqual([imageLine, thisLine()]);
});

test("an error in a library names the line that called it, and later ones their own", () => {
  function withNothing(state: State): State {
    return atCaller(withNothing, () => state.run(""));
  }
  const lineOf = (build: () => unknown): number | undefined => {
    try {
      build();
    } catch (error) {
      if (error instanceof GraphError) return error.location?.line;
    }
    return undefined;
  };
  const start = thisLine();
  expect(lineOf(() => withNothing(llb.scratch()))).toBe(start + 1);
  expect(lineOf(() => llb.scratch().run(""))).toBe(start + 2);
});
