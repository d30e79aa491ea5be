import { execFileSync } from "node:child_process";
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openTree } from "../../../../sdk/context/virtual-tree.ts";
import { createTreeListing } from "../../../../sdk/session/filesync/tree-listing.ts";
import type { FileContent, TreeFile } from "../../../../sdk/wire/fsutil/content-sender.ts";
import { receiveTree } from "../../../../sdk/wire/fsutil/receiver.ts";
import { sendTree, type TreeSource } from "../../../../sdk/wire/fsutil/sender.ts";
import { makeDirectory, makeTree } from "../../context/tree-fixture.ts";
import { createPipe } from "./packet-pipe.ts";

async function sourceOf(directory: string): Promise<TreeSource> {
  const tree = await openTree({ layers: [{ directory, prefix: "" }] });
  return createTreeListing(tree, {});
}

/** A source whose files are opened in another way. */
function openedBy(source: TreeSource, open: (file: TreeFile) => Promise<FileContent>): TreeSource {
  return {
    batches: () => source.batches(),
    file: (id) => {
      const file = source.file(id);
      return file && { ...file, open: () => open(file) };
    },
  };
}

async function transfer(source: TreeSource, destination: string) {
  const [sender, receiver] = createPipe();
  const sending = sendTree(sender, source).finally(sender.end);
  const receiving = receiveTree(receiver.messages, receiver.send, destination).finally(receiver.end);
  return await Promise.allSettled([sending, receiving]);
}

/** All that a transfer keeps of a tree. */
function describeTree(root: string): readonly unknown[] {
  const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  const inodes = paths.map((path) => lstatSync(join(root, path)).ino);
  return paths.map((path, index) => {
    const stats = lstatSync(join(root, path));
    const content = stats.isFile() ? readFileSync(join(root, path), "base64") : "";
    const target = stats.isSymbolicLink() ? readlinkSync(join(root, path)) : "";
    const sameAs = paths[inodes.indexOf(inodes[index] ?? 0)];
    return [path, stats.mode, Math.round(stats.mtimeMs), content, target, sameAs];
  });
}

describe("sending a tree to a receiver", () => {
  it("brings everything: content, modes, times, links, fifos", async () => {
    const big = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const source = makeTree({
      "bin/tool": { content: big, mode: 0o4755, mtime: 1_600_000_000.25 },
      "bin/alias": { hardLink: "bin/tool" },
      "exact/chunk": { content: big.subarray(0, 128 * 1024) },
      empty: "",
      link: { link: "/nowhere" },
      "sub/dir": { directory: true, mode: 0o1770 },
      "z/é": "last",
    });
    execFileSync("mkfifo", ["-m", "640", join(source, "pipe")]);
    const destination = join(makeDirectory(), "new/place");
    const [sent, received] = await transfer(await sourceOf(source), destination);
    expect(describeTree(destination)).toEqual(describeTree(source));
    const bytes = 300_000 + 128 * 1024 + 4;
    expect(sent).toMatchObject({ value: { filesTotal: 4, filesSent: 4, bytesSent: bytes } });
    expect(received).toMatchObject({ value: { entriesTotal: 12, filesTotal: 5, bytesReceived: bytes } });
  });

  it("brings a sparse file to the byte", async () => {
    const root = makeTree({ sparse: "" });
    truncateSync(join(root, "sparse"), 3_000_000);
    const file = openSync(join(root, "sparse"), "r+");
    writeSync(file, "in the middle", 1_500_000);
    closeSync(file);
    const destination = makeDirectory();
    await transfer(await sourceOf(root), destination);
    expect(describeTree(destination)).toEqual(describeTree(root));
  });

  it("brings many small files, more than are asked for at once", async () => {
    const names = Array.from({ length: 500 }, (_, index) => `d${index % 7}/f${index}`);
    const source = makeTree(Object.fromEntries(names.map((name) => [name, name])));
    const destination = makeDirectory();
    const [sent] = await transfer(await sourceOf(source), destination);
    expect(sent).toMatchObject({ value: { filesSent: 500 } });
    expect(describeTree(destination)).toEqual(describeTree(source));
  });

  it("lays the tree over what is there", async () => {
    const outside = makeTree({ "kept/file": "kept" });
    const destination = makeTree({
      ...{ other: "stays", file: "old", "wasdir/x": "", "dir/stays": "" },
      ...{ wasfile: "", linked: { link: join(outside, "kept") }, linkedfile: { link: join(outside, "kept/file") } },
    });
    const source = makeTree({
      ...{ file: "new", wasdir: "file", "dir/new": "", "wasfile/y": "", "linked/file": "inside", linkedfile: "inside" },
    });
    await transfer(await sourceOf(source), destination);
    expect(readFileSync(join(outside, "kept/file"), "utf8")).toBe("kept");
    const contents = (path: string) => readFileSync(join(destination, path), "utf8");
    expect(["other", "file", "wasdir", "linked/file", "linkedfile"].map(contents)).toEqual([
      ...["stays", "new", "file", "inside", "inside"],
    ]);
    expect(readdirSync(destination, { recursive: true }).sort()).toEqual([
      ...["dir", "dir/new", "dir/stays", "file", "linked", "linked/file", "linkedfile", "other", "wasdir", "wasfile"],
      "wasfile/y",
    ]);
  });

  it("can be repeated over its own outcome", async () => {
    const source = makeTree({ a: "text", "b/c": { hardLink: "a" }, "b/link": { link: "c" } });
    const destination = makeDirectory();
    await transfer(await sourceOf(source), destination);
    await transfer(await sourceOf(source), destination);
    expect(describeTree(destination)).toEqual(describeTree(source));
  });

  it("tells both sides of a file that vanished, instead of sending nothing", async () => {
    const root = makeTree({ a: "content", b: "content" });
    const source = await sourceOf(root);
    const vanishing = openedBy(source, async (file) => {
      execFileSync("rm", ["-f", join(root, "b")]);
      return await file.open();
    });
    const destination = makeDirectory();
    const [sent, received] = await transfer(vanishing, destination);
    expect(sent).toMatchObject({ status: "rejected", reason: { code: "PLAN_TREE_CHANGED" } });
    expect(received).toMatchObject({ status: "rejected", reason: { code: "FSUTIL_PEER_FAILED" } });
    expect(readdirSync(destination).filter((name) => name !== "a")).toEqual([]);
  });

  it.each([
    ["shorter", "con"],
    ["longer", "content and more"],
  ])("tells of a file that becomes %s while it is read", async (_title, content) => {
    const root = makeTree({ a: "content" });
    const source = await sourceOf(root);
    const changing = openedBy(source, async (file) => {
      const handle = await file.open();
      writeFileSync(join(root, "a"), content);
      return handle;
    });
    const [sent] = await transfer(changing, makeDirectory());
    expect(sent).toMatchObject({ status: "rejected", reason: { code: "PLAN_TREE_CHANGED" } });
  });
});
