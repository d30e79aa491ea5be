import { digestOf } from "../../core/digest.ts";
import type { SolveStatus } from "../../engine/engine.ts";
import type { Definition } from "../../llb/definition.ts";

/** What the status of a build tells about where its results came from. */
export interface BuildEvidence {
  readonly add: (status: SolveStatus) => void;
  /** What became of the step whose result is the graph's; undefined if nothing was told of it. */
  lastStep(definition: Definition): Told | undefined;
  /** True if no step of the graph ran, and the layers of the last one were fetched: a cache that was imported had it all. */
  wasFetched(definition: Definition): boolean;
}

/** A step ran; came from a cache; or came from one that lies elsewhere. */
export type Told = "ran" | "cached" | "fetched";

/** Nothing was told yet. */
export function createBuildEvidence(): BuildEvidence {
  const steps = new Map<string, Told>();
  return {
    add: ({ vertexes }) => {
      for (const { digest, cached, name, startedAtEpochMs } of vertexes) {
        if (startedAtEpochMs === undefined || isSource(name)) continue;
        const before = steps.get(digest);
        // What came from a cache is told once more when its layers are fetched.
        if (before === "cached" && !cached) steps.set(digest, "fetched");
        else if (before === undefined) steps.set(digest, cached ? "cached" : "ran");
      }
    },
    // The last one only points at the result.
    lastStep: ({ ops }) => ops.slice(-2, -1).map((op) => steps.get(digestOf(op)))[0],
    wasFetched: ({ ops }) => {
      const told = ops.slice(0, -1).map((op) => steps.get(digestOf(op)));
      return told.at(-1) === "fetched" && !told.includes("ran");
    },
  };
}

/** Looking up a source is no work that a cache could save. */
function isSource(name: string): boolean {
  return /^(\[internal\]|\[[^\]]*\] FROM |docker-image:|oci-layout:|local:)/.test(name);
}
