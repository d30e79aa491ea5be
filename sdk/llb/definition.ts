import type { Digest } from "../core/digest.ts";

/** What goes with a vertex without being part of its digest. */
export interface VertexMetadata {
  readonly ignoreCache?: boolean;
  readonly description?: Readonly<Record<string, string>>;
  readonly exportCache?: boolean;
  /** Capabilities that the vertex uses. */
  readonly caps?: readonly string[];
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak?: boolean };
  readonly linuxResources?: Readonly<Record<string, bigint | string>>;
}

/** A place in a source file; lines count from 1, `end` is inclusive. */
export interface SourceRange {
  readonly start: { readonly line: number; readonly character: number };
  readonly end: { readonly line: number; readonly character: number };
}

/** Which lines of which files made which vertex. */
export interface SourceMap {
  readonly files: readonly { readonly filename: string; readonly data?: Uint8Array; readonly language?: string }[];
  readonly locations: ReadonlyMap<
    Digest,
    readonly { readonly fileIndex: number; readonly ranges: readonly SourceRange[] }[]
  >;
}

/** A marshalled LLB graph: what BuildKit calls pb.Definition. */
export interface Definition {
  /** Canonically encoded ops, inputs before their users; the last one points at the result. Empty for scratch. */
  readonly ops: readonly Uint8Array[];
  readonly metadata: ReadonlyMap<Digest, VertexMetadata>;
  readonly source?: SourceMap;
}
