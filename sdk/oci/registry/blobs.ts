import type { Abortable } from "../../core/abort.ts";
import { isKitsmithError, RegistryError } from "../../core/errors.ts";
import type { ContentStream, Expected } from "../model/content.ts";
import { uploadChunks } from "./chunked-upload.ts";
import { withRetry } from "./http/retry.ts";
import type { Repository, Transport } from "./transport.ts";
import { uploadLocation } from "./upload-location.ts";

/** How a blob is put into a repository. */
export interface UploadOptions extends Abortable {
  /** Another repository of the registry that may hold the blob: it is taken from there if it does. */
  readonly mountFrom?: string | undefined;
}

/** True if the repository holds the blob. @throws RegistryError, but not for a 404 */
export async function hasBlob(
  transport: Transport,
  repository: Repository,
  { digest }: Expected,
  { signal }: Abortable,
): Promise<boolean> {
  try {
    const answer = await transport.callAgain({
      repository,
      method: "HEAD",
      path: `blobs/${digest}`,
      access: "pull",
      action: `looking for ${digest} in ${repository.repository}`,
      accepts: [200],
      signal,
    });
    answer.discard();
    return true;
  } catch (cause) {
    if (isKitsmithError(cause) && cause.code === "REGISTRY_NOT_FOUND") return false;
    throw cause;
  }
}

/**
 * Puts a blob into a repository: by mounting it, in one piece, or in chunks where the registry wants that. A failed upload
 * starts again from the beginning.
 *
 * @param open - gives the content anew for every attempt
 * @throws RegistryError; ContentError from the content's source
 */
export async function uploadBlob(
  transport: Transport,
  repository: Repository,
  expected: Expected,
  open: () => ContentStream,
  options: UploadOptions,
): Promise<void> {
  await withRetry(async () => {
    const session = await startUpload(transport, repository, expected, options);
    if (session === "mounted") return;
    try {
      await putWhole(transport, repository, expected, open, session, options);
    } catch (cause) {
      if (!wantsChunks(cause)) throw cause;
      const again = await startUpload(transport, repository, expected, { signal: options.signal });
      if (again !== "mounted") await uploadChunks(transport, repository, expected, open, again, options);
    }
  }, options);
}

/** Starts an upload and gives it up: it fails as a push would. @throws RegistryError */
export async function checkPush(transport: Transport, repository: Repository, { signal }: Abortable): Promise<void> {
  const answer = await transport.callAgain(startCall(repository, "blobs/uploads/", undefined, signal));
  answer.discard();
  const path = uploadLocation(answer);
  const action = `giving up an upload to ${repository.repository}`;
  const accepts = [200, 202, 204, 404, 405];
  const call = { repository, method: "DELETE", path, access: "pull,push", action, accepts, signal } as const;
  // We may push: that is the answer, and nobody waits for more. A registry that cannot cancel forgets the upload by itself.
  transport.call(call).then(
    (canceled) => canceled.discard(),
    () => {},
  );
}

async function startUpload(
  transport: Transport,
  repository: Repository,
  { digest }: Expected,
  { mountFrom, signal }: UploadOptions,
): Promise<URL | "mounted"> {
  const query = mountFrom === undefined ? "" : `?${new URLSearchParams({ mount: digest, from: mountFrom })}`;
  const answer = await transport.call(startCall(repository, `blobs/uploads/${query}`, mountFrom, signal));
  answer.discard();
  return answer.status === 201 ? "mounted" : uploadLocation(answer);
}

function startCall(
  repository: Repository,
  path: string,
  alsoReads: string | undefined,
  signal: AbortSignal | undefined,
) {
  return {
    repository,
    method: "POST",
    path,
    access: "pull,push",
    alsoReads,
    action: `pushing to ${repository.registry}/${repository.repository}`,
    accepts: [201, 202],
    signal,
  } as const;
}

async function putWhole(
  transport: Transport,
  repository: Repository,
  { digest, size }: Expected,
  open: () => ContentStream,
  session: URL,
  { signal }: Abortable,
): Promise<void> {
  const path = new URL(session);
  path.searchParams.set("digest", digest);
  const answer = await transport.call({
    repository,
    method: "PUT",
    path,
    access: "pull,push",
    headers: { "content-type": "application/octet-stream" },
    body: { sizeBytes: size, open },
    action: `pushing ${digest} to ${repository.repository}`,
    accepts: [201, 204],
    signal,
  });
  answer.discard();
}

/** Proxies that limit the size of a request, and registries that only know chunks, refuse a blob in one piece. */
function wantsChunks(cause: unknown): boolean {
  if (!(cause instanceof RegistryError)) return false;
  const { status } = cause.details;
  return status === 405 || status === 411 || status === 413 || status === 415 || status === 501;
}
