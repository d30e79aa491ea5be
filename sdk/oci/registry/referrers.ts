import { type Abortable, delay } from "../../core/abort.ts";
import { createLimiter, type Limiter } from "../../core/concurrency.ts";
import { type Digest, digestHex } from "../../core/digest.ts";
import { isKitsmithError, RegistryError } from "../../core/errors.ts";
import type { Descriptor } from "../model/descriptor.ts";
import {
  createIndex,
  encodeIndex,
  type ImageIndex,
  isIndex,
  parseIndex,
  parseIndexOrManifest,
} from "../model/manifest.ts";
import { MEDIA_TYPES } from "../model/media-type.ts";
import { readSmallAnswer } from "./http/answer-content.ts";
import { nextPage } from "./http/next-page.ts";
import { withRetry } from "./http/retry.ts";
import { findManifest, storeManifest } from "./manifests.ts";
import type { RegistryCall, Repository, Transport } from "./transport.ts";

const PAGE_LIMIT_BYTES = 4 * 1024 * 1024;
const PAGES_LIMIT = 100;
const ROUNDS = 10;
const PAUSE_MS = 50;

/** The tag under which a registry that knows no referrers keeps those of a manifest. */
function referrersTag(subject: Digest): string {
  return `sha256-${digestHex(subject)}`;
}

/**
 * What says of itself that it is about a manifest. Registries that cannot be asked keep the list under a tag.
 *
 * @throws RegistryError, but not for a 404
 * @source https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export async function listReferrers(
  transport: Transport,
  repository: Repository,
  subject: Digest,
  { artifactType, signal }: Abortable & { readonly artifactType?: string | undefined },
): Promise<readonly Descriptor[]> {
  const known = await askReferrers(transport, repository, subject, signal);
  const all = known ?? (await readReferrersTag(transport, repository, subject, { signal }))?.manifests ?? [];
  return artifactType === undefined ? all : all.filter((entry) => entry.artifactType === artifactType);
}

/**
 * Adds to what is under the tag of a manifest's referrers: for what was pushed to a registry that does not do it itself.
 *
 * @throws RegistryError
 */
export async function addReferrers(
  transport: Transport,
  repository: Repository,
  subject: Digest,
  added: readonly Descriptor[],
  options: Abortable,
): Promise<void> {
  const { registry, repository: path } = repository;
  const inTurn = turnOf(transport, `${registry}/${path}@${subject}`);
  await inTurn(() =>
    mergeReferrers(transport, { registry, repository: path, tag: referrersTag(subject) }, subject, added, options),
  );
}

/** One at a time for a manifest: writers of one client do not get in each other's way. */
const turns = new WeakMap<Transport, Map<string, Limiter>>();

function turnOf(transport: Transport, key: string): Limiter {
  const byKey = turns.get(transport) ?? new Map<string, Limiter>();
  turns.set(transport, byKey);
  const turn = byKey.get(key) ?? createLimiter(1);
  byKey.set(key, turn);
  return turn;
}

async function mergeReferrers(
  transport: Transport,
  reference: Repository & { readonly tag: string },
  subject: Digest,
  added: readonly Descriptor[],
  options: Abortable,
): Promise<void> {
  // Others may add at the same time: it is looked at again until all is there.
  for (let round = 0; round < ROUNDS; round += 1) {
    const current = await readReferrersTag(transport, reference, subject, options);
    const merged = unique([...(current?.manifests ?? []), ...added]);
    if (current !== undefined && merged.length === current.manifests.length) return;
    const content = encodeIndex(createIndex(merged));
    await storeManifest(transport, reference, { content, mediaType: MEDIA_TYPES.index }, options);
    await delay(round * PAUSE_MS * Math.random(), options.signal);
  }
}

/** What is under the tag of a manifest's referrers. */
export async function readReferrersTag(
  transport: Transport,
  { registry, repository }: Repository,
  subject: Digest,
  options: Abortable,
): Promise<ImageIndex | undefined> {
  const found = await findManifest(transport, { registry, repository, tag: referrersTag(subject) }, options);
  if (found === undefined) return undefined;
  const { descriptor, content } = found;
  const parsed = parseIndexOrManifest(content, { origin: referrersTag(subject), mediaType: descriptor.mediaType });
  return isIndex(parsed) ? parsed : undefined;
}

/** Asks the registry; undefined if it does not know the question. */
async function askReferrers(
  transport: Transport,
  repository: Repository,
  subject: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let path: string | URL | undefined = `referrers/${subject}`;
  for (let page = 0; path !== undefined; page += 1) {
    const name = `${repository.registry}/${repository.repository}`;
    if (page === PAGES_LIMIT) {
      throw new RegistryError("REGISTRY_PROTOCOL", `${name} gives pages of referrers without end`);
    }
    const action = `listing what refers to ${subject} in ${name}`;
    const call: RegistryCall = { repository, method: "GET", path, access: "pull", action, accepts: [200], signal };
    const answer: Page | undefined = await withRetry(() => readPage(transport, call), { signal });
    if (answer === undefined) return page === 0 ? undefined : found;
    found.push(...answer.entries);
    path = answer.next;
  }
  return found;
}

interface Page {
  readonly entries: readonly Descriptor[];
  readonly next: URL | undefined;
}

async function readPage(transport: Transport, call: RegistryCall): Promise<Page | undefined> {
  try {
    const answer = await transport.call(call);
    const content = await readSmallAnswer(answer, PAGE_LIMIT_BYTES, call.action);
    // Some registries answer with a page for people.
    if (!answer.headers["content-type"]?.startsWith(MEDIA_TYPES.index)) return undefined;
    return { entries: parseIndex(content, { origin: call.action }).manifests, next: nextPage(answer) };
  } catch (cause) {
    if (isKitsmithError(cause) && (cause.code === "REGISTRY_NOT_FOUND" || cause.details.status === 405))
      return undefined;
    throw cause;
  }
}

function unique(descriptors: readonly Descriptor[]): readonly Descriptor[] {
  return [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
}
