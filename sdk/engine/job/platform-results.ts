import { InputError } from "../../core/errors.ts";
import { formatPlatform, type Platform, type PlatformText, parsePlatform } from "../../core/platform.ts";
import type { JobResult, ResultReference } from "../engine.ts";
import type { JobAttestations } from "./job-attestations.ts";
import { withOriginals } from "./job-result.ts";

const PLATFORMS_KEY = "refs.platforms";
/** Said once for each platform. */
const PLATFORM_KEYS: readonly string[] = ["containerimage.config", "containerimage.base.config", "source.date.epoch"];
/** Of a manifest, or of the descriptor that points to it. */
const ANNOTATION = /^annotation(-manifest|-manifest-descriptor|)\.(.+)$/s;
const SCRATCH: ResultReference = Object.freeze({ id: "" });

/**
 * The results of one job for several platforms as one: image and OCI exporters make an index of it, local ones a directory
 * for each platform. Metadata and annotations of the whole are taken from the first result that has them.
 *
 * @throws InputError `INPUT_PLATFORM_INVALID`; `INPUT_OPTION_INVALID` without platforms, or for a result of several
 */
export function platformResults(results: Readonly<Record<PlatformText, JobResult>>): JobResult {
  const parts = Object.entries(results).map(([text, result]): Part => {
    const platform = parsePlatform(text);
    return { platform, id: formatPlatform(platform), result };
  });
  if (parts.length === 0) throw invalid("there is no result for any platform");
  const platforms = { Platforms: parts.map(({ id, platform }) => ({ ID: id, Platform: platform })) };
  const whole: JobResult = Object.freeze({
    references: Object.freeze(Object.fromEntries(parts.map((part) => [part.id, referenceOf(part)]))),
    metadata: Object.freeze({
      ...Object.fromEntries([...parts].reverse().flatMap(metadataOf)),
      [PLATFORMS_KEY]: Buffer.from(JSON.stringify(platforms)),
    }),
    attestations: Object.freeze(Object.fromEntries(parts.flatMap(attestationsOf))),
  });
  return withOriginals(
    whole,
    parts.map(({ id, result }) => [id, result]),
  );
}

interface Part {
  readonly id: PlatformText;
  readonly platform: Platform;
  readonly result: JobResult;
}

function referenceOf({ id, result }: Part): ResultReference {
  const [mapped, ...others] = Object.values(result.references);
  if (others.length > 0) throw invalid(`the result for ${id} is of several platforms itself`);
  return result.reference ?? mapped ?? SCRATCH;
}

function attestationsOf({ id, result }: Part): readonly (readonly [PlatformText, JobAttestations[PlatformText]])[] {
  const all = Object.values(result.attestations ?? {}).flat();
  return all.length === 0 ? [] : [[id, all]];
}

function metadataOf({ id, result }: Part): readonly (readonly [string, Uint8Array])[] {
  return Object.entries(result.metadata).map(([key, value]) => [platformKey(key, id), value] as const);
}

/** The key under which the exporters look for what is said of one platform; itself for what is said of the whole. */
function platformKey(key: string, id: PlatformText): string {
  const own = PLATFORM_KEYS.find((one) => key === one || key.startsWith(`${one}/`));
  if (own !== undefined) return `${own}/${id}`;
  const [, type, name] = ANNOTATION.exec(key) ?? [];
  return name === undefined ? key : `annotation${type || "-manifest"}[${id}].${name}`;
}

function invalid(problem: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", problem, { hint: "Give one result for each platform." });
}
