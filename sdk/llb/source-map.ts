import { relative } from "node:path";
import type { Digest } from "../core/digest.ts";
import { deepFreeze } from "../core/freeze.ts";
import { type CallSite, callSiteLocation } from "./call-site.ts";
import type { SourceMap, SourceRange } from "./definition.ts";

type Location = { readonly fileIndex: number; readonly ranges: readonly SourceRange[] };

/** Gathers which line of the user's code made which vertex. */
export class SourceMapCollector {
  readonly #root: string | undefined;
  readonly #fileIndexes = new Map<string, number>();
  readonly #locations = new Map<Digest, Location[]>();

  constructor(root: string | undefined) {
    this.#root = root;
  }

  add(digest: Digest, site: CallSite | undefined): void {
    const place = callSiteLocation(site);
    if (place === undefined) return;
    const fileIndex = this.#fileIndex(place.file);
    const line = place.line ?? 1;
    const known = this.#locations.get(digest) ?? [];
    if (known.some((location) => location.fileIndex === fileIndex && location.ranges[0]?.start.line === line)) return;
    const position = { line, character: 0 };
    this.#locations.set(digest, [...known, { fileIndex, ranges: [{ start: position, end: position }] }]);
  }

  finish(): SourceMap | undefined {
    if (this.#locations.size === 0) return undefined;
    for (const locations of this.#locations.values()) deepFreeze(locations);
    const files = [...this.#fileIndexes.keys()].map((filename) =>
      Object.freeze({ filename, language: languageOf(filename) }),
    );
    return Object.freeze({ files: Object.freeze(files), locations: this.#locations });
  }

  #fileIndex(file: string): number {
    const name = this.#relative(file);
    const known = this.#fileIndexes.get(name);
    if (known !== undefined) return known;
    this.#fileIndexes.set(name, this.#fileIndexes.size);
    return this.#fileIndexes.size - 1;
  }

  #relative(file: string): string {
    if (this.#root === undefined) return file;
    const path = relative(this.#root, file);
    return path.startsWith("..") ? file : path;
  }
}

function languageOf(filename: string): string {
  return /\.[cm]?tsx?$/.test(filename) ? "TypeScript" : "JavaScript";
}
