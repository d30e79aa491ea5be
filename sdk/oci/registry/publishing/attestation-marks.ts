import { mapConcurrent } from "../../../core/concurrency.ts";
import type { Digest } from "../../../core/digest.ts";
import { type Descriptor, descriptorPlatform } from "../../model/descriptor.ts";
import { attestationSubject } from "../../model/index-merge.ts";
import type { TaggedIndex } from "./arch-tags.ts";

const LOOKUPS_AT_ONCE = 6;

/**
 * Notes what is attested of each image where only who publishes that image writes: in the list of its referrers. An index
 * alone could lose it, since registries cannot compare and swap.
 */
export async function markAttestations(
  { client, repository, signal }: TaggedIndex,
  entries: readonly Descriptor[],
): Promise<void> {
  const bySubject = new Map<Digest, readonly Descriptor[]>();
  for (const entry of entries) {
    const subject = attestationSubject(entry);
    if (subject !== undefined) bySubject.set(subject, [...(bySubject.get(subject) ?? []), entry]);
  }
  for (const [subject, attestations] of bySubject) {
    await client.noteReferrers(repository, subject, attestations, { signal });
  }
}

/** What others noted of images that are without attestations here. */
export async function readMarkedAttestations(
  { client, repository, signal }: TaggedIndex,
  entries: readonly Descriptor[],
  ours: readonly Descriptor[],
): Promise<readonly Descriptor[]> {
  const settled = new Set<Digest | undefined>([
    ...entries.map(attestationSubject),
    ...ours.map((entry) => entry.digest),
  ]);
  const bare = entries.filter((entry) => descriptorPlatform(entry) !== undefined && !settled.has(entry.digest));
  const found = await mapConcurrent(bare, LOOKUPS_AT_ONCE, async ({ digest }) => {
    const noted = await client.notedReferrers(repository, digest, { signal });
    return noted.filter((entry) => attestationSubject(entry) === digest);
  });
  return found.flat();
}
