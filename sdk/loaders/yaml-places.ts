import type { LineCounter } from "yaml";
import type { SourceLocation } from "../core/errors.ts";

/** Keys and indexes that lead to a value. */
export type YamlPath = readonly (string | number)[];

/** Where the values and keys of a file stand. */
export interface YamlPlaces {
  readonly at: (offset: number) => SourceLocation;
  readonly note: (path: YamlPath, offset: number) => void;
  readonly noteKey: (path: YamlPath, offset: number) => void;
  /** Where the value at a path begins, or the nearest value around it. */
  readonly placeOf: (path: YamlPath) => SourceLocation;
  /** Where the key at a path stands. */
  readonly keyPlaceOf: (path: YamlPath) => SourceLocation;
}

/** Starts without any places; offsets count from the begin of the text. */
export function createPlaces(file: string, lineCounter: LineCounter): YamlPlaces {
  const values = new Map<string, number>();
  const keys = new Map<string, number>();
  const at = (offset: number): SourceLocation => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const placeOf = (path: YamlPath): SourceLocation => {
    for (let length = path.length; length >= 0; length -= 1) {
      const offset = values.get(JSON.stringify(path.slice(0, length)));
      if (offset !== undefined) return at(offset);
    }
    return at(0);
  };
  return {
    at,
    note: (path, offset) => values.set(JSON.stringify(path), offset),
    noteKey: (path, offset) => keys.set(JSON.stringify(path), offset),
    placeOf,
    keyPlaceOf: (path) => {
      const offset = keys.get(JSON.stringify(path));
      return offset === undefined ? placeOf(path) : at(offset);
    },
  };
}
