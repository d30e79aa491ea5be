import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import type { Definition, SourceMap } from "../../../../sdk/llb/index.ts";
import { withScriptTexts } from "../../../../sdk/run/build/script-texts.ts";

const DIGEST = digestOf("an op");
let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "kitsmith-scripts-"));
});
afterEach(() => rm(root, { recursive: true }));

/** A definition of one op, made on lines of the first file. */
function definition(filenames: readonly string[], ...lines: readonly number[]): Definition {
  const ranges = lines.map((line) => ({ start: { line, character: 0 }, end: { line, character: 0 } }));
  const source: SourceMap = {
    files: filenames.map((filename) => ({ filename })),
    locations: new Map([[DIGEST, [{ fileIndex: 0, ranges }]]]),
  };
  return { ops: [], metadata: new Map(), source };
}

async function textsOf(made: Definition, sourceRoot = root): Promise<readonly (string | undefined)[]> {
  const { source } = await withScriptTexts(made, sourceRoot);
  return (source?.files ?? []).map(({ data }) => data && Buffer.from(data).toString("utf8"));
}

test("scripts are read from where the package lies, or from anywhere else", async () => {
  await writeFile(join(root, "recipe.ts"), "one\ntwo\n");
  expect(await textsOf(definition(["recipe.ts", join(root, "recipe.ts")], 1))).toEqual(["one\ntwo\n", "one\ntwo\n"]);
  expect(await textsOf(definition(["../recipe.ts"], 1), join(root, "package"))).toEqual(["one\ntwo\n"]);
});

test("what is no file, or cannot be read, has no text", async () => {
  const names = ["gone.ts", "https://example.org/recipe.ts", "[eval]", "<anonymous>", "."];
  expect(await textsOf(definition(names, 1))).toEqual(names.map(() => undefined));
  expect(await withScriptTexts({ ops: [], metadata: new Map() }, root)).not.toHaveProperty("source");
});

test("of a long script only lines around those that made something are kept, at their numbers", async () => {
  const lines = Array.from({ length: 9000 }, (_, index) => `line ${index + 1}`);
  await writeFile(join(root, "long.ts"), lines.join("\n"));
  const [text = ""] = await textsOf(definition(["long.ts"], 5, 7000));
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(24 * 1024);
  const kept = text.split("\n");
  expect(kept.slice(0, 9)).toEqual(lines.slice(0, 9));
  expect(kept.slice(6995, 7005)).toEqual(lines.slice(6995, 7005));
  expect(kept[3000]).toBe("");
});

test("of a script with a line without end no more is kept than may be", async () => {
  await writeFile(join(root, "packed.js"), "x".repeat(1_000_000));
  const [text = ""] = await textsOf(definition(["packed.js"], 1));
  expect(text).toBe("x".repeat(24 * 1024));
});
