import { describe, expect, it } from "vitest";
import { includeFollowed } from "../../../sdk/context/follow-paths.ts";
import { openTree } from "../../../sdk/context/virtual-tree.ts";
import { type Fixture, makeTree } from "./tree-fixture.ts";

async function follow(
  entries: Readonly<Record<string, Fixture>>,
  followPaths: readonly string[],
  include: readonly string[] = [],
): Promise<readonly string[] | undefined> {
  return includeFollowed(
    await openTree({ layers: [{ directory: makeTree(entries), prefix: "" }] }),
    include,
    followPaths,
  );
}

describe("paths that are followed", () => {
  it("adds every link on the way and what it leads to", async () => {
    const entries = { "dir/link": { link: "../real" }, real: { link: "end/file" }, "end/file": "" };
    expect(await follow(entries, ["dir/link"])).toEqual(["dir/link", "end/file", "real"]);
  });

  it("goes through linked directories", async () => {
    expect(await follow({ current: { link: "v1" }, "v1/file": "" }, ["current/file"])).toEqual(["current", "v1/file"]);
  });

  it("takes absolute targets from the root of the tree, and keeps inside of it", async () => {
    const entries = { a: { link: "/b" }, b: "", c: { link: "../../../../d" } };
    expect(await follow(entries, ["a"])).toEqual(["a", "b"]);
    expect(await follow(entries, ["c"])).toEqual(["c", "d"]);
  });

  it("keeps missing paths as they are", async () => {
    expect(await follow({}, ["./none/x", "/abs/"])).toEqual(["abs", "none/x"]);
  });

  it("takes wildcards in the last element", async () => {
    const entries = { "x/l1": { link: "/one" }, "x/l2": { link: "two" }, "x/plain": "", "x/other": { link: "no" } };
    expect(await follow(entries, ["x/l?"])).toEqual(["one", "x/l?", "x/two"]);
  });

  it("ends where links go in circles", async () => {
    expect(await follow({ a: { link: "b" }, b: { link: "a" } }, ["a"])).toEqual(["a", "b"]);
    expect(await follow({ a: { link: "a/x" } }, ["a"])).toEqual(["a"]);
  });

  it("drops what lies below another path", async () => {
    expect(await follow({ "a/b": "" }, ["a/b", "a"])).toEqual(["a"]);
  });

  it("adds to the include list, and lifts only its own limits with the root", async () => {
    expect(await follow({}, ["b"], ["a"])).toEqual(["a", "b"]);
    expect(await follow({ here: { link: "." } }, ["here"], ["a"])).toEqual(["a"]);
    expect(await follow({}, ["."])).toEqual([]);
    expect(await follow({}, [], ["."])).toEqual(["."]);
  });
});
