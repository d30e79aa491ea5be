import { readFile } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { resolveSourcePath } from "../../core/source-path.ts";
import { type Definition, withSourceTexts } from "../../llb/index.ts";

/** What goes to the engine of one file: it comes back, in base64 twice over, in the header of an error. */
const MAXIMUM_BYTES = 24 * 1024;
/** Lines around those that made a step, kept of a file that is longer. */
const CONTEXT_LINES = 8;

/**
 * A definition that carries the scripts that it was made by, so that a failing step shows its lines. Of a long script
 * only the lines that made something are carried, with those around them; the others are empty, so that the numbers
 * stay right. A script that cannot be read is only named.
 */
export async function withScriptTexts(definition: Definition, sourceRoot: string): Promise<Definition> {
  const { source } = definition;
  if (source === undefined) return definition;
  const texts = await Promise.all(
    source.files.map(async ({ filename }, fileIndex): Promise<readonly [string, Uint8Array | undefined]> => {
      const text = await readText(resolveSourcePath(filename, sourceRoot));
      return [filename, text && capText(text, linesOf(definition, fileIndex))];
    }),
  );
  return withSourceTexts(definition, new Map(texts.flatMap(([name, text]) => (text ? [[name, text]] : []))));
}

/** A module's URL or name that is no file's has no text here. */
async function readText(file: string): Promise<Buffer | undefined> {
  return isAbsolute(file) ? await readFile(file).catch(() => undefined) : undefined;
}

function capText(text: Buffer, places: ReadonlySet<number>): Uint8Array {
  if (text.length <= MAXIMUM_BYTES) return text;
  const kept = text
    .toString("utf8")
    .split("\n")
    .map((line, index) => (places.has(index + 1) ? line : ""));
  return Buffer.from(kept.join("\n")).subarray(0, MAXIMUM_BYTES);
}

/** Numbers of the lines of a file that made a vertex, and of those near them. */
function linesOf({ source }: Definition, fileIndex: number): ReadonlySet<number> {
  const lines = new Set<number>();
  for (const locations of source?.locations.values() ?? []) {
    for (const { ranges } of locations.filter((location) => location.fileIndex === fileIndex)) {
      for (const { start, end } of ranges) {
        for (let line = start.line - CONTEXT_LINES; line <= end.line + CONTEXT_LINES; line += 1) lines.add(line);
      }
    }
  }
  return lines;
}
