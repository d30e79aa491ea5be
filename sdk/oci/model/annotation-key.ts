import { InputError } from "../../core/errors.ts";
import type { PlatformText } from "../../core/platform.ts";

/** Where an annotation stands: in a manifest or an index, or in the descriptor that points to it. */
export type AnnotationLevel = "manifest" | "manifest-descriptor" | "index" | "index-descriptor";

/** An annotation's key, read. */
export interface AnnotationKey {
  readonly key: string;
  readonly places: readonly { readonly level: AnnotationLevel; readonly platform?: PlatformText }[];
}

const LEVELS: readonly string[] = ["manifest", "manifest-descriptor", "index", "index-descriptor"];
const PLACE = /^([a-z-]+)(?:\[([A-Za-z0-9_/.-]+)\])?$/;

/**
 * Reads `[place[,place]:]key`, where a place is a level, or a level of one platform: `manifest[linux/arm64]`. Without
 * place it is the manifest's.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 * @source https://docs.docker.com/reference/cli/docker/buildx/build/#annotation
 */
export function parseAnnotationKey(text: string): AnnotationKey {
  const colon = text.indexOf(":");
  const places = text.slice(0, Math.max(colon, 0)).split(",");
  // Keys are domain names turned round, whose dots no place has.
  if (!places.every((place) => PLACE.test(place))) return { key: text, places: [{ level: "manifest" }] };
  return { key: text.slice(colon + 1), places: places.map((place) => parsePlace(place, text)) };
}

/** Those of a set of annotations that stand at a level of a platform's image. */
export function annotationsAt(
  annotations: Readonly<Record<string, string>>,
  level: AnnotationLevel,
  platform: PlatformText,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations).flatMap(([text, value]) => {
      const { key, places } = parseAnnotationKey(text);
      const isHere = places.some((one) => one.level === level && (one.platform ?? platform) === platform);
      return isHere ? [[key, value] as const] : [];
    }),
  );
}

function parsePlace(text: string, whole: string): AnnotationKey["places"][number] {
  const [, level, platform] = PLACE.exec(text) ?? [];
  if (!isLevel(level) || (platform !== undefined && !level.startsWith("manifest"))) {
    throw new InputError("INPUT_OPTION_INVALID", `the annotation ${JSON.stringify(whole)} has no known place`, {
      hint: `Write KEY, or PLACE:KEY with one of ${LEVELS.join(", ")}; the first two may name a platform in brackets.`,
    });
  }
  return { level, ...(platform === undefined ? {} : { platform }) };
}

function isLevel(text: string | undefined): text is AnnotationLevel {
  return text !== undefined && LEVELS.includes(text);
}
