import type { Platform } from "../../core/platform.ts";
import { checkPlatform } from "../argument.ts";
import { callSiteLocation } from "../call-site.ts";
import { walkVertices } from "../graph.ts";
import type { StateValue } from "../state-value.ts";
import type { BaseVertex, Vertex } from "../vertex.ts";
import { type BaseImage, baseImage } from "./base-image.ts";

/**
 * The images whose config a graph builds on: those in which something runs, to which a path is relative, or from
 * which the result's own config is inherited. Resolve them and hand the answers to `marshal` and `imageConfig`.
 */
export function baseImages(state: StateValue, options: { readonly platform: Platform | string }): readonly BaseImage[] {
  const platform = checkPlatform(options.platform, "marshal");
  const wanted = new Set<BaseVertex>();
  if (state.settings.image !== undefined) wanted.add(state.settings.image);
  if (state.output !== undefined) {
    for (const vertex of walkVertices(state.output.vertex)) for (const image of basesOf(vertex)) wanted.add(image);
  }
  const images = new Map<string, BaseImage>();
  for (const vertex of wanted) {
    if (vertex.kind === "deferred") continue;
    const image = baseImage(vertex, platform);
    if (images.has(image.key)) continue;
    const location = callSiteLocation(vertex.site);
    images.set(image.key, location === undefined ? image : Object.freeze({ ...image, location }));
  }
  return Object.freeze([...images.values()]);
}

function basesOf(vertex: Vertex): readonly BaseVertex[] {
  if (vertex.kind === "deferred") {
    const inputs = vertex.made.kind === "frontend" ? Object.values(vertex.made.inputs) : [];
    return inputs.flatMap(({ settings }) => (settings.image === undefined ? [] : [settings.image]));
  }
  if (vertex.kind === "exec") {
    return [vertex.settings.image, vertex.settings.directory.image].filter((image) => image !== undefined);
  }
  if (vertex.kind !== "file") return [];
  const directories = [
    vertex.directory,
    ...vertex.actions.flatMap((one) => (one.kind === "copy" ? [one.sourceDirectory] : [])),
  ];
  return directories.flatMap(({ image }) => (image === undefined ? [] : [image]));
}
