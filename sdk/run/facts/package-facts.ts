import { mapConcurrent, settleAll } from "../../core/concurrency.ts";
import { formatPlatform, type Platform, parsePlatform } from "../../core/platform.ts";
import { parseReference } from "../../oci/model/reference.ts";
import type { RegistryClient } from "../../oci/registry/client.ts";
import { requiredAttestations } from "../../pkg/attestation.ts";
import type { PackageFacts, PlatformFacts } from "../../plan/plan.ts";
import { selectPlatforms } from "../../plan/preflight.ts";
import type { Stores } from "../stores.ts";
import { imageInputs } from "../tagging/recorded-inputs.ts";
import { onlyTagged, type TaggedPackage } from "../tagging/tagging.ts";
import {
  findCached,
  findPublished,
  type ImagesByPlatform,
  type PublishedImages,
  publishedImages,
  storedImage,
} from "./stored-images.ts";

const QUESTIONS_AT_ONCE = 16;

/** How facts are gathered. */
export interface FactsOptions {
  readonly signal: AbortSignal;
  /** With force nobody has to be asked what exists. */
  readonly force: boolean;
  /** Who is asked for what is published. */
  readonly client: () => RegistryClient;
  /** For how long an earlier run's answer serves. Default 0: not at all. */
  readonly trustPublishedMs?: number | undefined;
}

/** Finds out, for all packages at once, what the cache and the registry hold of them. */
export async function gatherFacts(
  packages: readonly TaggedPackage[],
  stores: Stores,
  options: FactsOptions,
): Promise<readonly PackageFacts[]> {
  return await mapConcurrent(packages, QUESTIONS_AT_ONCE, (tagged) => factsOf(tagged, stores, options));
}

async function factsOf(tagged: TaggedPackage, stores: Stores, options: FactsOptions): Promise<PackageFacts> {
  parseReference(tagged.canonicalReference);
  const asked = tagged.spec.overrides.platforms?.map(parsePlatform);
  const platforms = selectPlatforms(tagged.package, asked);
  const [cached, published] = await askStores(tagged, platforms, stores, options);
  return {
    package: tagged.package,
    name: tagged.name,
    tag: tagged.tag,
    reference: tagged.canonicalReference,
    dirty: tagged.git.dirty,
    hashed: tagged.hash !== "",
    platforms: await settleAll(
      platforms.map((platform) => platformFacts(tagged, platform, { cached, published }, options)),
    ),
    ...(published.index ? { publishedIndex: published.index } : {}),
  };
}

async function askStores(
  tagged: TaggedPackage,
  platforms: readonly Platform[],
  stores: Stores,
  options: FactsOptions,
): Promise<readonly [ImagesByPlatform, PublishedImages]> {
  const reference = tagged.canonicalReference;
  const { signal, force, client } = options;
  const attested = requiredAttestations(tagged.package.attest).length > 0;
  if (force || tagged.hash === "") return [new Map(), NOTHING_PUBLISHED];
  return await Promise.all([
    stores.cache().then((cache) => findCached(cache, reference, { signal, attested })),
    // A dirty tree is never pushed, so nobody can have published it.
    tagged.git.dirty
      ? NOTHING_PUBLISHED
      : attested
        ? findPublished(client(), reference, { signal, attested })
        : recallPublished(reference, platforms, stores, options),
  ]);
}

/** What an earlier run was told serves where it is young enough, and all is there: what was not there may be by now. */
async function recallPublished(
  reference: string,
  platforms: readonly Platform[],
  { published }: Stores,
  { signal, client, trustPublishedMs = 0 }: FactsOptions,
): Promise<PublishedImages> {
  if (trustPublishedMs <= 0) return await findPublished(client(), reference, { signal });
  const known = await published.recall(reference, trustPublishedMs);
  if (known !== undefined && platforms.every((platform) => formatPlatform(platform) in known.images)) {
    const images = Object.entries(known.images).map(([text, entry]) => [parsePlatform(text), entry] as const);
    return publishedImages(
      known.index,
      new Map(images.map(([one, entry]) => [formatPlatform(one), storedImage(entry)])),
    );
  }
  const atMs = Date.now();
  const found = await findPublished(client(), reference, { signal });
  const { index, images } = found;
  if (index !== undefined && images !== undefined) {
    const entries = [...images].map(([platform, { descriptor }]) => [platform, descriptor]);
    published.note(reference, { index, images: Object.fromEntries(entries) }, atMs);
  }
  return found;
}

const NOTHING_PUBLISHED: PublishedImages = { answer: () => ({ kind: "absent" }) };

interface KnownOfPackage {
  readonly cached: ImagesByPlatform;
  readonly published: PublishedImages;
}

async function platformFacts(
  tagged: TaggedPackage,
  platform: Platform,
  { cached, published }: KnownOfPackage,
  options: FactsOptions,
): Promise<PlatformFacts> {
  const cache = cached.get(formatPlatform(platform));
  const inputs = await imageInputs(tagged, platform, { signal: options.signal, tagOf: onlyTagged });
  return {
    platform,
    registry: published.answer(platform),
    ...(cache ? { cache } : {}),
    ...(inputs.digest === undefined ? {} : { inputs: inputs.digest }),
    ...(inputs.digests === undefined ? {} : { inputDigests: inputs.digests }),
  };
}
