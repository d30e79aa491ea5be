import type { Abortable } from "../../core/abort.ts";
import { type ContentStream, concatBytes, type Expected } from "../model/content.ts";
import type { Repository, Transport } from "./transport.ts";
import { uploadLocation } from "./upload-location.ts";

/** Below what proxies commonly allow; one chunk is in memory at a time. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/**
 * Uploads a blob in chunks.
 *
 * @throws RegistryError; ContentError from the content's source
 * @source https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-a-blob-in-chunks
 */
export async function uploadChunks(
  transport: Transport,
  repository: Repository,
  expected: Expected,
  open: () => ContentStream,
  session: URL,
  { signal }: Abortable,
): Promise<void> {
  const common = { repository, access: "pull,push", signal, action: `pushing ${expected.digest} in chunks` } as const;
  let path = session;
  let offset = 0;
  for await (const chunk of inChunks(open(), CHUNK_BYTES)) {
    const answer = await transport.call({
      ...common,
      method: "PATCH",
      path,
      headers: {
        "content-type": "application/octet-stream",
        "content-range": `${offset}-${offset + chunk.byteLength - 1}`,
      },
      body: { sizeBytes: chunk.byteLength, open: () => [chunk] },
      accepts: [202, 204],
    });
    answer.discard();
    path = uploadLocation(answer);
    offset += chunk.byteLength;
  }
  const last = new URL(path);
  last.searchParams.set("digest", expected.digest);
  (await transport.call({ ...common, method: "PUT", path: last, accepts: [201, 204] })).discard();
}

async function* inChunks(content: ContentStream, chunkBytes: number): ContentStream {
  let pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of content) {
    pieces.push(piece);
    sizeBytes += piece.byteLength;
    if (sizeBytes < chunkBytes) continue;
    yield concatBytes(pieces);
    pieces = [];
    sizeBytes = 0;
  }
  if (sizeBytes > 0) yield concatBytes(pieces);
}
