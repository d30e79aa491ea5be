import type { Abortable } from "../../core/abort.ts";
import { type Platform, parsePlatform } from "../../core/platform.ts";
import { dockerfileImages } from "../../loaders/dockerfile-scan.ts";
import { formatFamiliar, formatReference, parseReference, type Reference } from "../../oci/model/reference.ts";
import type { Package } from "../../pkg/package.ts";
import type { AssignedNode } from "../facts/assigned-plan.ts";
import { readDockerfileText } from "../facts/dockerfile-text.ts";
import { onlyTagged } from "../tagging/tagging.ts";
import { recipePackages } from "./recipe-packages.ts";

/** An image that a build takes from elsewhere. */
export interface NeededImage {
  /** What the Dockerfile calls it, as the frontend looks for named contexts; undefined where it is no base image. */
  readonly name?: string;
  /** Canonical, with a tag or a digest. */
  readonly reference: string;
  readonly platform: Platform;
}

/**
 * The images that a node's build begins with, copies from, or is told of: by its Dockerfile, its named contexts, its build
 * arguments and what it depends on otherwise. As far as that can be told without an engine.
 */
export async function neededImages(node: AssignedNode, options: Required<Abortable>): Promise<readonly NeededImage[]> {
  const { tagged, platform, buildArgs, step } = node;
  const used = recipePackages(step).map(async ({ spec, platform: wanted }): Promise<NeededImage> => {
    return { reference: (await onlyTagged(spec, options)).canonicalReference, platform: wanted };
  });
  const told = [
    ...Object.values(buildArgs),
    ...(tagged.package.dependsImages?.images ?? []).map((image) => image.replace(/@.*$/, "")),
    ...tagged.dependsOn,
  ];
  return [
    ...(await baseImages(node)),
    ...contextImages(tagged.package, platform),
    ...(await Promise.all(used)),
    ...told.flatMap((text) => (text.includes(":") ? needed(text, platform) : [])),
  ];
}

async function baseImages(node: AssignedNode): Promise<readonly NeededImage[]> {
  const { tagged, platform, assignment } = node;
  const { source } = tagged.package;
  const dockerfile = await readDockerfileText(node);
  if (source.kind !== "dockerfile" || dockerfile === undefined) return [];
  const { contexts = {} } = source;
  const images = dockerfileImages(dockerfile.text, dockerfile.options);
  return images.flatMap(({ reference, platform: written }) => {
    const wanted = platformOf(written, platform, assignment.buildPlatform);
    const name = contextName(reference);
    return name === undefined || name in contexts ? [] : needed(reference, wanted).map((image) => ({ ...image, name }));
  });
}

function contextImages({ source }: Package, platform: Platform): readonly NeededImage[] {
  const contexts = source.kind === "dockerfile" ? Object.entries(source.contexts ?? {}) : [];
  return contexts.flatMap(([name, context]) => {
    if (context.kind !== "url" || !context.url.startsWith("docker-image://")) return [];
    return needed(context.url.slice("docker-image://".length), platform).map((image) => ({ ...image, name }));
  });
}

/** Nothing for a text that is no reference: whoever uses it says so. */
function needed(text: string, platform: Platform): readonly NeededImage[] {
  const parsed = tryParse(text);
  if (parsed === undefined) return [];
  const isTagged = parsed.tag !== undefined || parsed.digest !== undefined;
  const reference = formatReference(isTagged ? parsed : { ...parsed, tag: "latest" });
  return [{ reference, platform }];
}

/** @source https://github.com/moby/buildkit/blob/v0.33.1/frontend/dockerui/namedcontext.go */
function contextName(text: string): string | undefined {
  const parsed = tryParse(text);
  return parsed && formatFamiliar(parsed).replace(/:latest$/, "");
}

function tryParse(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

function platformOf(written: string | undefined, target: Platform, build: Platform): Platform {
  if (written === undefined || /^\$\{?TARGETPLATFORM\}?$/.test(written)) return target;
  if (/^\$\{?BUILDPLATFORM\}?$/.test(written)) return build;
  try {
    return parsePlatform(written);
  } catch {
    return target;
  }
}
