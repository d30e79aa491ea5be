import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createPathFilter } from "../../../sdk/context/path-filter.ts";
import { openTree } from "../../../sdk/context/virtual-tree.ts";
import { type ContextEntry, type WalkOptions, walkTree } from "../../../sdk/context/walk.ts";
import { FILE_MODE } from "../../../sdk/core/file-stat.ts";
import type { VirtualRoot } from "../../../sdk/core/local-source.ts";
import { makeDirectory, makeTree } from "./tree-fixture.ts";

async function walk(
  layers: VirtualRoot["layers"] | string,
  options: WalkOptions = {},
): Promise<readonly ContextEntry[]> {
  const root = typeof layers === "string" ? [{ directory: layers, prefix: "" }] : layers;
  const entries: ContextEntry[] = [];
  for await (const entry of walkTree(await openTree({ layers: root }), options)) entries.push(entry);
  return entries;
}

async function paths(layers: VirtualRoot["layers"] | string, options: WalkOptions = {}): Promise<readonly string[]> {
  return (await walk(layers, options)).map(({ stat }) => stat.path);
}

describe("walking a directory", () => {
  it("goes depth first, siblings by the bytes of their names", async () => {
    const root = makeTree({
      "a/b": "",
      "a-b": "",
      "a.b": "",
      ab: "",
      B: "",
      "\u{1F600}": "",
      "\uFFEE": "",
      é: "",
      z: "",
    });
    expect(await paths(root)).toEqual(["B", "a", "a/b", "a-b", "a.b", "ab", "z", "é", "\uFFEE", "\u{1F600}"]);
  });

  it("tells modes as Go has them, root as owner, and the time to the nanosecond", async () => {
    const root = makeTree({ "bin/su": { content: "x", mode: 0o4755 }, tmp: { directory: true, mode: 0o1777 } });
    const [bin, su, tmp] = await walk(root);
    expect(bin?.stat.mode).toBe(FILE_MODE.directory + (statSync(join(root, "bin")).mode & 0o777));
    expect(su?.stat).toMatchObject({ mode: FILE_MODE.setuid + 0o755, uid: 0, gid: 0, sizeBytes: 1 });
    expect(su?.stat.mtimeNs).toBe(lstatSync(join(root, "bin/su"), { bigint: true }).mtimeNs);
    expect(tmp?.stat).toMatchObject({ mode: FILE_MODE.directory + FILE_MODE.sticky + 0o777, sizeBytes: 0 });
  });

  it("sends symlinks as they are, whatever they lead to", async () => {
    const root = makeTree({
      absolute: { link: "/etc/../passwd" },
      circle: { link: "circle" },
      out: { link: "../../x" },
    });
    expect(
      (await walk(root)).map(({ stat }) => [stat.mode & FILE_MODE.symlink, stat.linkname, stat.sizeBytes]),
    ).toEqual([
      [FILE_MODE.symlink, "/etc/../passwd", 14],
      [FILE_MODE.symlink, "circle", 6],
      [FILE_MODE.symlink, "../../x", 7],
    ]);
  });

  it("gives the content to the first hard link that is sent", async () => {
    const root = makeTree({ a: "four", "b/c": { hardLink: "a" }, d: { hardLink: "a" } });
    const links = (entries: readonly ContextEntry[]) =>
      entries.map(({ stat }) => [stat.path, stat.linkname, stat.sizeBytes]);
    expect(links(await walk(root))).toEqual([
      ["a", "", 4],
      ["b", "", 0],
      ["b/c", "a", 0],
      ["d", "a", 0],
    ]);
    const filters = [createPathFilter({ exclude: ["a"] })];
    expect(links(await walk(root, { filters }))).toEqual([
      ["b", "", 0],
      ["b/c", "", 4],
      ["d", "b/c", 0],
    ]);
  });

  it("sends fifos, leaves out sockets and the name that BuildKit reserves", async () => {
    const root = makeTree({ ".fsutil-metadata": "", "sub/.fsutil-metadata": "" });
    execFileSync("mkfifo", ["-m", "640", join(root, "pipe")]);
    const server = createServer().listen(join(root, "socket"));
    onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
    await new Promise((resolve) => server.once("listening", resolve));
    const entries = await walk(root);
    expect(entries.map(({ stat }) => stat.path)).toEqual(["pipe", "sub", "sub/.fsutil-metadata"]);
    expect(entries[0]?.stat).toMatchObject({ mode: FILE_MODE.fifo + 0o640, sizeBytes: 0 });
  });

  it("refuses names that are not UTF-8, but only where they are wanted", async () => {
    const root = makeTree({ good: "", "replacement\uFFFD": "" });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]), "");
    await expect(walk(root)).rejects.toMatchObject({ code: "INPUT_SOURCE_UNREADABLE" });
    expect(await paths(root, { filters: [createPathFilter({ exclude: ["bad*"] })] })).toEqual([
      "good",
      "replacement\uFFFD",
    ]);
  });

  it("goes through many files of one directory", async () => {
    const root = makeDirectory();
    const names = Array.from({ length: 300 }, (_, index) => `f${String(index).padStart(3, "0")}`);
    for (const name of names) writeFileSync(join(root, name), name);
    expect(await paths(root)).toEqual(names);
  });

  it("stops with the reason of the signal", async () => {
    const reason = new Error("enough");
    const root = makeTree({ a: "" });
    await expect(walk(root, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("leaves out what vanishes while it walks", async () => {
    const root = makeTree({ "a/x": "", b: "", "c/y": "", "d/f": "" });
    const tree = await openTree({ layers: [{ directory: root, prefix: "" }] });
    const vanishing = {
      ...tree,
      children: async (directory: typeof tree.root) => {
        if (directory.name === "a") rmSync(join(root, "a"), { recursive: true });
        const nodes = await tree.children(directory);
        if (directory.name === "c") rmSync(join(root, "c"), { recursive: true });
        return nodes;
      },
    };
    const seen: string[] = [];
    for await (const { stat } of walkTree(vanishing)) seen.push(stat.path);
    expect(seen).toEqual(["a", "b", "c", "d", "d/f"]);
  });
});

describe("layers", () => {
  it("lays directories over each other; the later one wins", async () => {
    const lower = makeTree({ "a/one": "lower", "a/two": "lower", "b/deep/x": "", c: "", link: { link: "a" } });
    const upper = makeTree({ "a/two": "upper!", b: "file", "c/new": "", "link/real": "" });
    const entries = await walk([
      { directory: lower, prefix: "" },
      { directory: upper, prefix: "" },
    ]);
    expect(entries.map(({ stat, file }) => [stat.path, file?.startsWith(upper)])).toEqual([
      ["a", true],
      ["a/one", false],
      ["a/two", true],
      ["b", true],
      ["c", true],
      ["c/new", true],
      ["link", true],
      ["link/real", true],
    ]);
  });

  it("puts a directory under a prefix, and makes the directories above it", async () => {
    const main = makeTree({ Dockerfile: "", "src/own": "", "vendor/kept": "" });
    const extra = makeTree({ file: "" });
    mkdirSync(join(extra, "sub"), { mode: 0o700 });
    const layers = [
      { directory: main, prefix: "" },
      { directory: extra, prefix: "vendor/lib/extra" },
    ];
    const entries = await walk(layers);
    expect(entries.map(({ stat }) => stat.path)).toEqual([
      ...["Dockerfile", "src", "src/own", "vendor", "vendor/kept"],
      ...["vendor/lib", "vendor/lib/extra", "vendor/lib/extra/file", "vendor/lib/extra/sub"],
    ]);
    const stats = new Map(entries.map(({ stat }) => [stat.path, stat]));
    expect(stats.get("vendor/lib")).toMatchObject({ mode: FILE_MODE.directory + 0o755, mtimeNs: 0n });
    expect(stats.get("vendor")?.mtimeNs).toBe(lstatSync(join(main, "vendor"), { bigint: true }).mtimeNs);
    expect(stats.get("vendor/lib/extra")?.mtimeNs).toBe(lstatSync(extra, { bigint: true }).mtimeNs);
  });

  it("never follows a symlink on the way to a prefix", async () => {
    const outside = makeTree({ secret: "" });
    const main = makeTree({ vendor: { link: outside } });
    const extra = makeTree({ file: "" });
    const layers = [
      { directory: main, prefix: "" },
      { directory: extra, prefix: "vendor/lib" },
    ];
    expect(await paths(layers)).toEqual(["vendor", "vendor/lib", "vendor/lib/file"]);
    expect(await paths(layers.toReversed())).toEqual(["vendor"]);
  });

  it("follows a symlink that is the layer itself", async () => {
    const real = makeTree({ file: "" });
    const holder = makeTree({ link: { link: real } });
    expect(await paths(join(holder, "link"))).toEqual(["file"]);
  });

  it.each(["/abs", "a//b", "../up", "a/../b", "./a", "a/"])("refuses the prefix %j", async (prefix) => {
    const directory = makeTree({});
    await expect(walk([{ directory, prefix }])).rejects.toMatchObject({ code: "INPUT_OPTION_INVALID" });
  });

  it("refuses what is no directory", async () => {
    const root = makeTree({ file: "" });
    await expect(walk(join(root, "file"))).rejects.toMatchObject({ code: "INPUT_SOURCE_MISSING" });
    await expect(walk(join(root, "none"))).rejects.toMatchObject({ code: "INPUT_SOURCE_MISSING" });
  });
});

describe("filters", () => {
  const filtered = (root: string, ...options: Parameters<typeof createPathFilter>[0][]) =>
    paths(root, { filters: options.map(createPathFilter) });

  it("sends the directories above what is wanted, and no others", async () => {
    const root = makeTree({ "a/b/c/want.txt": "", "a/b/d/no": "", "a/x": "", "e/f": "", "g.txt": "" });
    expect(await filtered(root, { include: ["**/want.txt"] })).toEqual(["a", "a/b", "a/b/c", "a/b/c/want.txt"]);
    expect(await filtered(root, { include: ["a/b"] })).toEqual([
      ...["a", "a/b", "a/b/c", "a/b/c/want.txt", "a/b/d", "a/b/d/no"],
    ]);
  });

  it("brings back exceptions below a directory that is excluded", async () => {
    const root = makeTree({ "a/keep/x": "", "a/drop/y": "", b: "" });
    expect(await filtered(root, { exclude: ["a", "!a/keep"] })).toEqual(["a", "a/keep", "a/keep/x", "b"]);
    expect(await filtered(root, { exclude: ["*", "!**/x"] })).toEqual(["a", "a/keep", "a/keep/x"]);
  });

  it("wants what every filter wants", async () => {
    const root = makeTree({ "a/x.c": "", "a/x.h": "", "b/x.c": "" });
    expect(await filtered(root, { include: ["a"] }, { exclude: ["**/*.h"] })).toEqual(["a", "a/x.c"]);
  });

  it("does not enter directories that cannot hold anything wanted", async () => {
    const root = makeTree({ "skip/deep/x": "", "want/y": "" });
    const entered: string[] = [];
    const tree = await openTree({ layers: [{ directory: root, prefix: "" }] });
    const spied = {
      ...tree,
      children: (directory: typeof tree.root) => {
        entered.push(directory.name);
        return tree.children(directory);
      },
    };
    for await (const _ of walkTree(spied, { filters: [createPathFilter({ include: ["want/*"] })] }));
    for await (const _ of walkTree(spied, { filters: [createPathFilter({ exclude: ["skip", "!want/z"] })] }));
    expect(entered).toEqual(["", "want", "", "want"]);
  });

  it("leaves out hidden paths whatever else is said", async () => {
    const root = makeTree({ ".dockerignore": "", "sub/.dockerignore": "" });
    expect(await paths(root, { hidden: new Set([".dockerignore"]) })).toEqual(["sub", "sub/.dockerignore"]);
  });
});
