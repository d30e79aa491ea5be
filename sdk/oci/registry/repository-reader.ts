import type { Abortable } from "../../core/abort.ts";
import { ContentError, isKitsmithError } from "../../core/errors.ts";
import {
  type ContentKey,
  type ContentReader,
  type ContentStream,
  readVerified,
  verifyContent,
} from "../model/content.ts";
import { MANIFEST_LIMIT_BYTES } from "../model/manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "../model/media-type.ts";
import { openBlob } from "./blob-download.ts";
import { getManifest } from "./manifests.ts";
import type { Repository, Transport } from "./transport.ts";

/** Reads a repository by descriptor: manifests from where manifests are, all else from the blobs. */
export function createRepositoryReader(transport: Transport, repository: Repository): ContentReader {
  const { registry, repository: path } = repository;
  const origin = `${registry}/${path}`;

  async function* open(key: ContentKey, { signal }: Abortable = {}): ContentStream {
    try {
      if (!isManifest(key)) return yield* openBlob(transport, repository, key, { signal });
      const { content } = await getManifest(transport, { registry, repository: path, digest: key.digest }, { signal });
      yield* verifyContent([content], key, origin);
    } catch (cause) {
      throw asContentError(cause, key, origin);
    }
  }

  return Object.freeze<ContentReader>({
    openBlob: open,
    readBlob: (key, { signal, limitBytes = MANIFEST_LIMIT_BYTES } = {}) =>
      readVerified(open(key, { signal }), key, limitBytes, origin),
  });
}

function isManifest({ mediaType = "" }: ContentKey): boolean {
  return isIndexMediaType(mediaType) || isManifestMediaType(mediaType);
}

function asContentError(cause: unknown, { digest }: ContentKey, origin: string): unknown {
  if (!isKitsmithError(cause) || cause.code !== "REGISTRY_NOT_FOUND") return cause;
  return new ContentError("CONTENT_NOT_FOUND", `there is no ${digest} in ${origin}`, {
    cause,
    hint: "The image is incomplete there; push it again.",
  });
}
