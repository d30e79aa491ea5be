import { digestOf } from "../../core/digest.ts";
import type { CacheEntry, SolveStatus, StatusVertex } from "../../engine/engine.ts";
import type { Definition } from "../../llb/definition.ts";

/** What the status of a build tells about its caches. */
export interface BuildEvidence {
  readonly add: (status: SolveStatus) => void;
  /** True if no step of the graph ran, as far as was told. */
  cameFromCache(definition: Definition): boolean;
  /** True if the cache was read. */
  wasImported(entry: CacheEntry): boolean;
}

const IMPORTING = /^importing cache manifest from /;

/** Nothing was told yet. */
export function createBuildEvidence(): BuildEvidence {
  const vertexes = new Map<string, StatusVertex>();
  const imported = new Map<string, boolean>();
  return {
    add: (status) => {
      for (const vertex of status.vertexes) {
        // What came from a cache is told once more when its layers are fetched.
        const cached = vertex.cached || vertexes.get(vertex.digest)?.cached === true;
        vertexes.set(vertex.digest, { ...vertex, cached });
        if (!IMPORTING.test(vertex.name) || vertex.completedAtEpochMs === undefined) continue;
        imported.set(vertex.name.replace(IMPORTING, ""), vertex.error === undefined || vertex.error === "");
      }
    },
    cameFromCache: ({ ops }) => {
      // The last one only points at the result; the one before it is a step that was surely told.
      const steps = ops.slice(0, -1).map((op) => vertexes.get(digestOf(op)));
      const last = steps.at(-1);
      return last?.cached === true && steps.every((step) => step === undefined || step.cached || !hasRun(step));
    },
    wasImported: ({ type, attributes }) =>
      [...imported].some(
        ([name, read]) => read && (type === "registry" ? name === attributes.ref : name.startsWith(`${type}:`)),
      ),
  };
}

/** Looking up a source is no work that a cache could save. */
function hasRun({ name, startedAtEpochMs }: StatusVertex): boolean {
  return (
    startedAtEpochMs !== undefined && !/^(\[internal\]|\[[^\]]*\] FROM |docker-image:|oci-layout:|local:)/.test(name)
  );
}
