import { formatPlatform, type Platform } from "../core/platform.ts";
import type { BuildResult, Definition, StateValue } from "../llb/index.ts";
import { type AnnotationLevel, annotationsAt } from "../oci/model/annotation-key.ts";
import type { DefinitionInput } from "./solve-request.ts";

/** How a result is lowered. */
export interface ResultLowering {
  readonly platform: Platform;
  readonly imageConfig: DefinitionInput["imageConfig"];
  readonly graph: (state: StateValue) => Definition;
  /** The annotations that the exporters write. */
  readonly levels: readonly AnnotationLevel[];
}

/** A result as what an engine solves; what goes with it goes into its metadata and beside it. */
export function resultInput(
  { state, annotations, attestations, metadata }: BuildResult,
  { platform, imageConfig, graph, levels }: ResultLowering,
): DefinitionInput {
  const said = { ...metadata, ...annotationMetadata(annotations, platform, levels) };
  return {
    kind: "definition",
    definition: graph(state),
    imageConfig,
    ...(isEmpty(annotations) ? {} : { annotations }),
    ...(isEmpty(said) ? {} : { metadata: said }),
    ...(isEmpty(attestations)
      ? {}
      : {
          attestations: attestations.map(({ predicate, predicateType, subjects }) => ({
            definition: graph(predicate.state),
            path: predicate.path,
            ...{ predicateType, subjects },
          })),
        }),
  };
}

function annotationMetadata(
  annotations: Readonly<Record<string, string>>,
  platform: Platform,
  levels: readonly AnnotationLevel[],
): Readonly<Record<string, string>> {
  const entries = levels.flatMap((level) =>
    Object.entries(annotationsAt(annotations, level, formatPlatform(platform))).map(
      ([key, value]) => [level === "manifest" ? `annotation.${key}` : `annotation-${level}.${key}`, value] as const,
    ),
  );
  return Object.fromEntries(entries);
}

function isEmpty(members: object): boolean {
  return Object.keys(members).length === 0;
}
