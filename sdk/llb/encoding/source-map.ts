import { type Digest, digestOf } from "../../core/digest.ts";
import { deepFreeze } from "../../core/freeze.ts";
import { formatSourcePath } from "../../core/source-path.ts";
import { type CallSite, callSiteLocation } from "../call-site.ts";
import type { SourceMap, SourceRange } from "../definition.ts";

type SourceFile = SourceMap["files"][number];
type Location = { readonly fileIndex: number; readonly ranges: readonly SourceRange[] };

/** Gathers which line of the user's code made which vertex. */
export class SourceMapCollector {
  readonly #root: string | undefined;
  readonly #files: SourceFile[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #locations = new Map<Digest, Location[]>();

  constructor(root: string | undefined) {
    this.#root = root;
  }

  /** The line on which a vertex was made. */
  add(digest: Digest, site: CallSite | undefined): void {
    const place = callSiteLocation(site);
    if (place === undefined) return;
    const filename = this.#relative(place.file);
    const position = { line: place.line ?? 1, character: 0 };
    this.#addLocation(digest, { filename, language: languageOf(filename) }, [{ start: position, end: position }]);
  }

  /** The places that another definition knows for a vertex. */
  addKnown(digest: Digest, source: SourceMap | undefined): void {
    for (const { fileIndex, ranges } of source?.locations.get(digest) ?? []) {
      const file = source?.files[fileIndex];
      if (file !== undefined) this.#addLocation(digest, file, ranges);
    }
  }

  finish(): SourceMap | undefined {
    if (this.#locations.size === 0) return undefined;
    for (const locations of this.#locations.values()) deepFreeze(locations);
    return Object.freeze({ files: Object.freeze(this.#files), locations: this.#locations });
  }

  #addLocation(digest: Digest, file: SourceFile, ranges: readonly SourceRange[]): void {
    const location = { fileIndex: this.#fileIndex(file), ranges };
    const known = this.#locations.get(digest) ?? [];
    if (!known.some((one) => sameLocation(one, location))) this.#locations.set(digest, [...known, location]);
  }

  /** Files of one name are one file, unless their texts differ. */
  #fileIndex(file: SourceFile): number {
    const key = file.data === undefined ? file.filename : `${file.filename}\0${digestOf(file.data)}`;
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.#indexes.set(key, this.#files.length);
    return this.#files.push(Object.freeze(file)) - 1;
  }

  #relative(file: string): string {
    return this.#root === undefined ? file : formatSourcePath(file, this.#root);
  }
}

function sameLocation(left: Location, right: Location): boolean {
  return (
    left.fileIndex === right.fileIndex &&
    left.ranges.length === right.ranges.length &&
    left.ranges.every(({ start, end }, index) => {
      const other = right.ranges[index];
      return (
        start.line === other?.start.line && end.line === other.end.line && start.character === other.start.character
      );
    })
  );
}

function languageOf(filename: string): string {
  return /\.[cm]?tsx?$/.test(filename) ? "TypeScript" : "JavaScript";
}
