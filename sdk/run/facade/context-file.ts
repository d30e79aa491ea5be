import { createReadStream } from "node:fs";
import type { Abortable } from "../../core/abort.ts";
import { createDigester, type Digest } from "../../core/digest.ts";
import { InputError, PlanError } from "../../core/errors.ts";
import type { ContextFile } from "../../pkg/remote-context.ts";

const CHUNK_BYTES = 256 * 1024;

/** What a file holds now. @throws InputError `INPUT_SOURCE_UNREADABLE` */
export async function contextFileDigest({ path }: ContextFile, { signal }: Abortable): Promise<Digest> {
  const digester = createDigester();
  for await (const chunk of readChunks(path, signal)) digester.update(chunk);
  return digester.digest();
}

/**
 * The file's content. It ends well only if that is what the package was tagged with.
 *
 * @throws InputError `INPUT_SOURCE_UNREADABLE`; PlanError `PLAN_TREE_CHANGED`
 */
export async function* contextFileContent(
  { path, digest }: ContextFile,
  { signal }: Abortable,
): AsyncGenerator<Uint8Array> {
  const digester = createDigester();
  for await (const chunk of readChunks(path, signal)) {
    digester.update(chunk);
    yield chunk;
  }
  if (digest === undefined || digest === digester.digest()) return;
  throw new PlanError("PLAN_TREE_CHANGED", `${path} changed while it was built`, {
    hint: "Run it again; nothing was published.",
    details: { path },
  });
}

async function* readChunks(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES, ...(signal ? { signal } : {}) }))
      if (chunk instanceof Uint8Array) yield chunk;
  } catch (cause) {
    signal?.throwIfAborted();
    throw new InputError("INPUT_SOURCE_UNREADABLE", `the build context ${path} cannot be read`, {
      cause,
      hint: "Name a tar, plain or compressed.",
      details: { path },
    });
  }
}
