import type { SourceLocation } from "../../core/errors.ts";
import { callSiteLocation } from "../call-site.ts";
import { walkVertices } from "../graph.ts";
import type { ResolvedState } from "../image-config/base-image.ts";
import type { StateValue } from "../state-value.ts";
import type { DeferredFrontend, DeferredPackage, DeferredVertex, FileVertex, Output } from "../vertex.ts";

/** A deferred vertex of one kind. */
export type DeferredOf<Made extends DeferredPackage | DeferredFrontend> = DeferredVertex & { readonly made: Made };

/** What a graph needs from elsewhere: each thing once, and after those that it is made from. */
export interface DeferredStates {
  readonly packages: readonly DeferredOf<DeferredPackage>[];
  readonly frontends: readonly DeferredOf<DeferredFrontend>[];
}

/** The deferred states of a graph. Resolve them, in order, and hand the answers to `marshal` and `imageConfig`. */
export function deferredStates({ output, settings }: StateValue): DeferredStates {
  const packages = new Set<DeferredOf<DeferredPackage>>();
  const frontends = new Set<DeferredOf<DeferredFrontend>>();
  const roots = [output?.vertex, settings.image].filter((vertex) => vertex !== undefined);
  for (const root of roots) {
    for (const vertex of walkVertices(root)) {
      if (isPackage(vertex)) packages.add(vertex);
      if (isFrontend(vertex)) frontends.add(vertex);
    }
  }
  return Object.freeze({ packages: Object.freeze([...packages]), frontends: Object.freeze([...frontends]) });
}

/** The line that asks for it. */
export function deferredLocation(vertex: DeferredVertex): SourceLocation | undefined {
  return callSiteLocation(vertex.site);
}

/** A state, and the config of its image, in place of a deferred one. */
export function resolvedState(state: StateValue, config?: Readonly<Record<string, unknown>>): ResolvedState {
  return Object.freeze({ output: state.output ?? EMPTY_ROOT, ...(config === undefined ? {} : { config }) });
}

/** Scratch as the output of an op, for those that need one. */
const EMPTY_ROOT: Output = Object.freeze({ vertex: emptyRoot(), index: 0 });

function emptyRoot(): FileVertex {
  return Object.freeze({
    kind: "file",
    base: undefined,
    directory: Object.freeze({ image: undefined, path: "/" }),
    actions: Object.freeze([
      Object.freeze({
        kind: "mkdir",
        path: "/",
        mode: 0o755,
        makeParents: true,
        owner: undefined,
        timestampNs: -1n,
      } as const),
    ]),
    constraints: Object.freeze({}),
    site: undefined,
  });
}

function isPackage(vertex: { readonly kind: string }): vertex is DeferredOf<DeferredPackage> {
  return isDeferred(vertex) && vertex.made.kind === "package";
}

function isFrontend(vertex: { readonly kind: string }): vertex is DeferredOf<DeferredFrontend> {
  return isDeferred(vertex) && vertex.made.kind === "frontend";
}

function isDeferred(vertex: { readonly kind: string }): vertex is DeferredVertex {
  return vertex.kind === "deferred";
}
