import type { Digest } from "../core/digest.ts";
import type { Definition, SourceMap, VertexMetadata } from "./definition.ts";
import { definitionToJson } from "./dump/definition-dump.ts";
import { definitionToDot, definitionToMermaid } from "./dump/definition-graph.ts";
import { encodeDefinition } from "./encoding/definition-encoder.ts";

/**
 * A marshalled graph to look at: what `toLLB()` gives. It goes wherever a {@link Definition} does, and
 * `JSON.stringify` shows its ops.
 *
 * @example
 * ```ts
 * await writeFile("agent.dot", (await agent.toLLB("linux/amd64")).toDot());
 * ```
 */
export class LlbDefinition implements Definition {
  readonly ops: readonly Uint8Array[];
  readonly metadata: ReadonlyMap<Digest, VertexMetadata>;
  declare readonly source?: SourceMap;

  constructor({ ops, metadata, source }: Definition) {
    this.ops = ops;
    this.metadata = metadata;
    if (source !== undefined) this.source = source;
    Object.freeze(this);
  }

  /** The bytes that `buildctl build` reads on stdin. */
  toBytes(): Uint8Array {
    return encodeDefinition(this);
  }

  /** The ops as JSON values, inputs before their users, with the names that BuildKit's Go code gives them. */
  toJSON(): readonly unknown[] {
    return definitionToJson(this);
  }

  /** The graph for Graphviz. */
  toDot(): string {
    return definitionToDot(this);
  }

  /** The graph as a Mermaid flowchart, for Markdown. */
  toMermaid(): string {
    return definitionToMermaid(this);
  }
}
