import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** What to make at a path: text of a file, or something else. */
export type Fixture =
  | string
  | { readonly link: string }
  | { readonly hardLink: string }
  | { readonly directory: true; readonly mode?: number }
  | { readonly content: string | Uint8Array; readonly mode?: number; readonly mtime?: number };

/** Makes a directory that is gone after the test. */
export function makeDirectory(): string {
  const root = mkdtempSync(join(tmpdir(), "kitsmith-tree-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** Makes a directory with entries in it. */
export function makeTree(entries: Readonly<Record<string, Fixture>>): string {
  const root = makeDirectory();
  for (const [path, fixture] of Object.entries(entries)) makeEntry(root, join(root, path), fixture);
  return root;
}

function makeEntry(root: string, file: string, fixture: Fixture): void {
  mkdirSync(dirname(file), { recursive: true });
  if (typeof fixture === "string") writeFileSync(file, fixture);
  else if ("link" in fixture) symlinkSync(fixture.link, file);
  else if ("hardLink" in fixture) linkSync(join(root, fixture.hardLink), file);
  else if ("directory" in fixture) {
    mkdirSync(file, { recursive: true });
    if (fixture.mode !== undefined) chmodSync(file, fixture.mode);
  } else {
    writeFileSync(file, fixture.content);
    if (fixture.mode !== undefined) chmodSync(file, fixture.mode);
    if (fixture.mtime !== undefined) utimesSync(file, fixture.mtime, fixture.mtime);
  }
}
