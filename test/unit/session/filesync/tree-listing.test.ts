import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createPathFilter } from "../../../../sdk/context/path-filter.ts";
import { openTree, type VirtualTree } from "../../../../sdk/context/virtual-tree.ts";
import { createTreeListing, type TreeListing } from "../../../../sdk/session/filesync/tree-listing.ts";
import { makeTree } from "../../context/tree-fixture.ts";

/** A tree that notes which directories are read. */
async function watchedTree(directory: string, read: string[]): Promise<VirtualTree> {
  const tree = await openTree({ layers: [{ directory, prefix: "" }] });
  return {
    ...tree,
    children: (one, pace) => {
      read.push(one.name);
      return tree.children(one, pace);
    },
  };
}

async function framesOf(listing: TreeListing): Promise<Buffer> {
  const frames: Uint8Array[] = [];
  for await (const batch of listing.batches()) frames.push(batch.frames);
  return Buffer.concat(frames);
}

it("is walked once, however many take from it", async () => {
  const names = Array.from({ length: 700 }, (_, index) => `d${index % 5}/f${index}`);
  const read: string[] = [];
  const listing = createTreeListing(
    await watchedTree(makeTree(Object.fromEntries(names.map((name) => [name, ""]))), read),
    {},
  );
  const [one, other] = await Promise.all([framesOf(listing), framesOf(listing)]);
  expect(one.equals(other)).toBe(true);
  expect((await framesOf(listing)).equals(one)).toBe(true);
  expect(read).toEqual(["", "d0", "d1", "d2", "d3", "d4"]);
});

it("reads no directory but the one in which the only file lies that is wanted", async () => {
  const read: string[] = [];
  const tree = await watchedTree(makeTree({ ".dockerignore": "", "a/b/c": "", "d/e": "" }), read);
  const listing = createTreeListing(tree, { filters: [createPathFilter({ include: [".dockerignore"] })] });
  await framesOf(listing);
  expect(listing.file(0)?.path).toBe(".dockerignore");
  expect(read).toEqual([""]);
});

it("fails for all who take from it", async () => {
  const tree = await openTree({ layers: [{ directory: makeTree({ a: "" }), prefix: "" }] });
  const reason = new Error("no");
  const listing = createTreeListing({ ...tree, children: () => Promise.reject(reason) }, {});
  const outcomes = await Promise.allSettled([framesOf(listing), framesOf(listing)]);
  expect(outcomes).toEqual([
    { status: "rejected", reason },
    { status: "rejected", reason },
  ]);
  await expect(framesOf(listing)).rejects.toBe(reason);
});

it("counts what exclude patterns keep out, a directory as one", async () => {
  const root = makeTree({ "a.o": "", "b.c": "", "build/x": "", "build/y": "", "keep/a.o": "", "keep/b": "" });
  const tree = await openTree({ layers: [{ directory: root, prefix: "" }] });
  const filters = [
    createPathFilter({ include: ["a.o", "build", "keep"], exclude: ["*.o", "build", "keep/*", "!keep/b"] }),
  ];
  const listing = createTreeListing(tree, { filters });
  await framesOf(listing);
  expect(listing.entriesIgnored).toBe(3);
});

it("gives the files of several layers, each from its place", async () => {
  const [below, above] = [makeTree({ "src/a": "below", "src/b": "below" }), makeTree({ b: "above", "c/d": "above" })];
  chmodSync(join(below, "src"), 0o700);
  const layers = [
    { directory: below, prefix: "" },
    { directory: above, prefix: "src" },
  ];
  const listing = createTreeListing(await openTree({ layers }), {});
  await framesOf(listing);
  const contents: string[] = [];
  for (let id = 0; id < 6; id += 1) {
    const file = listing.file(id);
    if (file === undefined) continue;
    const content = await file.open();
    const buffer = Buffer.alloc(file.sizeBytes);
    await content.read(buffer, 0, buffer.byteLength, 0);
    await content.close();
    contents.push(`${file.path} ${buffer}`);
  }
  expect(contents).toEqual(["src/a below", "src/b above", "src/c/d above"]);
  writeFileSync(join(above, "b"), "another size");
  expect(() => listing.file(2)?.open()).toThrowError(expect.objectContaining({ code: "PLAN_TREE_CHANGED" }));
});
