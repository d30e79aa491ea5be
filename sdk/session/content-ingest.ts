import { mkdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { createDigester, type Digest, digestHex, isDigest } from "../core/digest.ts";
import { incomingDirectory } from "../oci/layout/blob-store.ts";
import { createNewFile, type NewFile } from "../oci/layout/durable-file.ts";
import {
  WriteAction,
  type WriteContentRequest,
  WriteContentRequestSchema,
  WriteContentResponseSchema,
} from "../proto/gen/content_pb.js";
import { StatusError } from "../wire/status.ts";
import { INGEST_NAME_LIMIT_BYTES } from "./limits.ts";
import type { SessionCall } from "./service.ts";

/** Writes that are under way in a session, by layout and name: each has one writer. */
export type OpenIngests = Set<string>;

/** A blob on its way into a layout. */
interface Ingest extends AsyncDisposable {
  readonly offset: number;
  write(data: Uint8Array): Promise<void>;
  /** Starts again from nothing. */
  restart(): Promise<void>;
  commit(expected: { readonly digest: string; readonly size: number }): Promise<Digest>;
}

/**
 * Takes a blob into a layout: question and answer in turn, first what is known of it, then its pieces, at last its digest and
 * size. Whatever ends early leaves nothing behind.
 *
 * @source https://github.com/containerd/containerd/blob/v2.1.4/api/services/content/v1/content.proto
 */
export async function receiveBlob(call: SessionCall, layout: string, open: OpenIngests): Promise<void> {
  let ingest: Ingest | undefined;
  let key = "";
  let total = 0;
  try {
    for await (const message of call.messages) {
      const request = fromBinary(WriteContentRequestSchema, message);
      total = Number(request.total) || total;
      await refuseKnown(layout, request.expected);
      if (ingest === undefined) {
        key = claim(layout, request.ref, open);
        ingest = await openIngest(layout);
      }
      const digest = await perform(ingest, request, total);
      const { action } = request;
      const response = { action, offset: BigInt(ingest.offset), total: BigInt(total), digest: digest ?? "" };
      await call.send(toBinary(WriteContentResponseSchema, create(WriteContentResponseSchema, response)));
      if (action === WriteAction.COMMIT) return;
    }
  } finally {
    open.delete(key);
    await ingest?.[Symbol.asyncDispose]();
  }
}

function claim(layout: string, ref: string, open: OpenIngests): string {
  if (ref === "") throw new StatusError("INVALID_ARGUMENT", "the first message names no ingest");
  if (ref.length > INGEST_NAME_LIMIT_BYTES) throw new StatusError("INVALID_ARGUMENT", "the ingest's name is too long");
  const key = `${layout}\0${ref}`;
  if (open.has(key)) throw new StatusError("UNAVAILABLE", "another writer is at it");
  open.add(key);
  return key;
}

async function refuseKnown(layout: string, expected: string): Promise<void> {
  if (expected === "") return;
  // A digest is part of a path.
  if (!isDigest(expected)) throw new StatusError("INVALID_ARGUMENT", "the blob has no sha256 digest");
  if ((await stat(blobPath(layout, expected)).catch(() => undefined)) === undefined) return;
  throw new StatusError("ALREADY_EXISTS", `there is a blob ${expected}`);
}

async function perform(
  ingest: Ingest,
  { action, offset, data, expected }: WriteContentRequest,
  total: number,
): Promise<Digest | undefined> {
  if (action === WriteAction.STAT) return undefined;
  if (offset === 0n && ingest.offset > 0) await ingest.restart();
  if (Number(offset) !== ingest.offset) throw new StatusError("OUT_OF_RANGE", `the blob has ${ingest.offset} bytes`);
  if (total > 0 && ingest.offset + data.byteLength > total) {
    throw new StatusError("FAILED_PRECONDITION", `the blob has more than its ${total} bytes`);
  }
  if (data.byteLength > 0) await ingest.write(data);
  return action === WriteAction.COMMIT ? await ingest.commit({ digest: expected, size: total }) : undefined;
}

async function openIngest(layout: string): Promise<Ingest> {
  let file: NewFile = await createNewFile(incomingDirectory(layout));
  let digester = createDigester();
  return {
    get offset() {
      return digester.sizeBytes;
    },
    async write(data) {
      digester.update(data);
      await file.write(data);
    },
    async restart() {
      await file[Symbol.asyncDispose]();
      digester = createDigester();
      file = await createNewFile(incomingDirectory(layout));
    },
    async commit({ digest: expected, size }) {
      if (size > 0 && size !== digester.sizeBytes) {
        throw new StatusError("FAILED_PRECONDITION", `the blob has ${digester.sizeBytes} bytes`);
      }
      const digest = digester.digest();
      if (expected !== "" && expected !== digest) throw new StatusError("FAILED_PRECONDITION", `it is blob ${digest}`);
      const path = blobPath(layout, digest);
      await mkdir(dirname(path), { recursive: true });
      await file.publish(path);
      return digest;
    },
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

function blobPath(layout: string, digest: Digest): string {
  return join(layout, "blobs", "sha256", digestHex(digest));
}
