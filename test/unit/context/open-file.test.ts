import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createEntryOpener, openEntry } from "../../../sdk/context/open-file.ts";
import { createPace } from "../../../sdk/context/pace.ts";
import { openTree } from "../../../sdk/context/virtual-tree.ts";
import { walkTree } from "../../../sdk/context/walk.ts";
import { makeTree } from "./tree-fixture.ts";

async function findEntry(root: string, path: string) {
  for await (const entry of walkTree(await openTree({ layers: [{ directory: root, prefix: "" }] }))) {
    if (entry.stat.path === path) return entry;
  }
  throw new TypeError(`no ${path}`);
}

describe("opening what was walked", () => {
  it.each([true, false])("reads straight away for as long as that is quick (at first: %s)", async (isQuick) => {
    const pace = createPace();
    if (!isQuick) pace.took(1000, 10_000);
    const entry = await findEntry(makeTree({ file: "content" }), "file");
    const opened = createEntryOpener(pace)(entry);
    expect("then" in opened).toBe(!isQuick);
    const file = await opened;
    const buffer = Buffer.alloc(9);
    const first = file.read(buffer, 1, 3, 0);
    expect(typeof first).toBe(isQuick ? "number" : "object");
    expect(await first).toBe(3);
    pace.took(isQuick ? 1000 : 3000, 10_000);
    for (let round = 0; !isQuick && round < 8; round += 1) pace.took(300, 0);
    const second = file.read(buffer, 4, 5, 3);
    expect(typeof second).toBe(isQuick ? "object" : "number");
    expect(await second).toBe(4);
    expect(buffer.toString()).toBe("\0content\0");
    await file.close();
    rmSync(entry.file ?? "");
    const gone = async () => await createEntryOpener(pace)(entry);
    await expect(gone()).rejects.toMatchObject({ code: "PLAN_TREE_CHANGED" });
  });

  it("opens the file that was found", async () => {
    const root = makeTree({ "a/file": "content" });
    const handle = await openEntry(await findEntry(root, "a/file"));
    expect(await handle.readFile("utf8")).toBe("content");
    await handle.close();
  });

  it.each<[string, (root: string) => void]>([
    ["is gone", (root) => rmSync(join(root, "a/file"))],
    ["has another size", (root) => appendFileSync(join(root, "a/file"), "!")],
    [
      "was replaced by another of the same size",
      (root) => {
        writeFileSync(join(root, "new"), "CONTENT");
        renameSync(join(root, "new"), join(root, "a/file"));
      },
    ],
    [
      "became a symlink",
      (root) => {
        renameSync(join(root, "a/file"), join(root, "kept"));
        symlinkSync(join(root, "kept"), join(root, "a/file"));
      },
    ],
    [
      "lies below what became a symlink",
      (root) => {
        renameSync(join(root, "a"), join(root, "moved"));
        mkdirSync(join(root, "outside"));
        writeFileSync(join(root, "outside/file"), "secrets");
        symlinkSync(join(root, "outside"), join(root, "a"));
      },
    ],
    [
      "became a directory",
      (root) => {
        rmSync(join(root, "a/file"));
        mkdirSync(join(root, "a/file"));
      },
    ],
  ])("refuses a file that %s", async (_title, change) => {
    const root = makeTree({ "a/file": "content" });
    const entry = await findEntry(root, "a/file");
    change(root);
    await expect(openEntry(entry)).rejects.toMatchObject({ code: "PLAN_TREE_CHANGED" });
  });

  it("says what may not be read", async () => {
    // The kernel lets nobody read this one.
    const entry = await findEntry("/proc/sys/vm", "drop_caches");
    await expect(openEntry(entry)).rejects.toMatchObject({ code: "INPUT_SOURCE_UNREADABLE" });
  });
});
