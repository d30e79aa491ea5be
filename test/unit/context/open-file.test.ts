import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEntry } from "../../../sdk/context/open-file.ts";
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
