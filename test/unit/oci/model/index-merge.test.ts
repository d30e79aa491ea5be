import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import type { Descriptor } from "../../../../sdk/oci/model/descriptor.ts";
import { mergeIndex } from "../../../../sdk/oci/model/index-merge.ts";
import { createIndex, encodeIndex } from "../../../../sdk/oci/model/manifest.ts";
import { MEDIA_TYPES } from "../../../../sdk/oci/model/media-type.ts";

function image(architecture: string, content: string, variant?: string): Descriptor {
  return {
    mediaType: MEDIA_TYPES.manifest,
    size: 1,
    digest: digestOf(content),
    platform: { architecture, os: "linux", ...(variant === undefined ? {} : { variant }) },
  };
}

function attestation(subject: Descriptor, content: string): Descriptor {
  return {
    mediaType: MEDIA_TYPES.manifest,
    size: 1,
    digest: digestOf(content),
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": subject.digest,
    },
    platform: { architecture: "unknown", os: "unknown" },
  };
}

const amd64 = image("amd64", "amd64");
const arm64 = image("arm64", "arm64");

function digests(entries: readonly Descriptor[]): readonly string[] {
  return entries.map((entry) => entry.digest);
}

test("an architecture is appended", () => {
  expect(digests(mergeIndex(createIndex([amd64]), [arm64]).manifests)).toEqual(digests([amd64, arm64]));
});

test("an image takes the place of the one for its platform, however the platform is written", () => {
  const rebuilt = image("arm64", "rebuilt", "v8");
  expect(digests(mergeIndex(createIndex([arm64, amd64]), [rebuilt]).manifests)).toEqual(digests([rebuilt, amd64]));
});

test("variants stand side by side", () => {
  const [v6, v7] = [image("arm", "6", "v6"), image("arm", "7", "v7")];
  expect(digests(mergeIndex(createIndex([v6]), [v7]).manifests)).toEqual(digests([v6, v7]));
});

test("an index that named a platform twice has it once, as it was added", () => {
  const rebuilt = image("amd64", "rebuilt");
  const merged = mergeIndex(createIndex([amd64, image("amd64", "second")]), [rebuilt]);
  expect(digests(merged.manifests)).toEqual(digests([rebuilt]));
});

test("an attestation goes with its image", () => {
  const old = attestation(amd64, "old sbom");
  const other = attestation(arm64, "other sbom");
  const rebuilt = image("amd64", "rebuilt");
  const merged = mergeIndex(createIndex([amd64, old, arm64, other]), [rebuilt]);
  expect(digests(merged.manifests)).toEqual(digests([rebuilt, arm64, other]));
});

test("new attestations of the same image replace the old ones", () => {
  const next = attestation(amd64, "new sbom");
  const merged = mergeIndex(createIndex([amd64, attestation(amd64, "old sbom")]), [amd64, next]);
  expect(digests(merged.manifests)).toEqual(digests([amd64, next]));
});

test("an attestation of nothing is dropped", () => {
  expect(mergeIndex(undefined, [attestation(amd64, "sbom")]).manifests).toEqual([]);
});

const anyImage = fc
  .tuple(fc.constantFrom("amd64", "arm64", "riscv64", "s390x"), fc.integer({ min: 0, max: 5 }))
  .map(([architecture, content]) => image(architecture, `${architecture} ${content}`));
const anyEntries = fc
  .array(fc.tuple(anyImage, fc.boolean()), { maxLength: 8 })
  .map((pairs) => pairs.flatMap(([entry, attested]) => (attested ? [entry, attestation(entry, "a")] : [entry])));

test("merging again changes nothing, no platform is lost, none is there twice", () => {
  fc.assert(
    fc.property(anyEntries, anyEntries, (existing, added) => {
      const once = mergeIndex(createIndex(existing), added);
      expect(encodeIndex(mergeIndex(once, added))).toEqual(encodeIndex(once));
      const platforms = once.manifests.flatMap(({ platform }) =>
        platform === undefined || platform.os === "unknown" ? [] : [platform.architecture],
      );
      const wanted = new Set(
        [...existing, ...added].map(({ platform }) => platform?.architecture).filter((name) => name !== "unknown"),
      );
      expect(new Set(platforms)).toEqual(wanted);
      expect(platforms).toHaveLength(wanted.size);
    }),
  );
});
