import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { isDigest } from "../core/digest.ts";
import { Content, ReadContentRequestSchema, ReadContentResponseSchema } from "../proto/gen/content_pb.js";
import { StatusError } from "../wire/status.ts";
import type { SessionCall, SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

const STORE_HEADER = "buildkit-attachable-store-id";
const PIECE_BYTES = 1024 * 1024;

/**
 * Serves OCI layouts for reading, each under the name that `oci.store` has in a graph. The daemon verifies what it reads.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function createContentService(directories: ReadonlyMap<string, string>): SessionService {
  const find = async (call: SessionCall, digest: string): Promise<Blob> => await findBlob(directories, call, digest);
  return {
    methods: {
      ...unaryMethod(Content.method.info, async ({ digest }, call) => {
        const { sizeBytes } = await find(call, digest);
        return { info: { digest, size: BigInt(sizeBytes) } };
      }),
      [`/${Content.typeName}/${Content.method.read.name}`]: async (call) => {
        for await (const message of call.messages) {
          const { digest, offset, size } = fromBinary(ReadContentRequestSchema, message);
          await sendRange(call, await find(call, digest), { offset: Number(offset), size: Number(size) });
          return;
        }
      },
    },
  };
}

interface Blob {
  readonly file: string;
  readonly sizeBytes: number;
}

async function findBlob(
  directories: ReadonlyMap<string, string>,
  { headers }: SessionCall,
  digest: string,
): Promise<Blob> {
  const store = headers.get(STORE_HEADER);
  if (store === undefined) throw new StatusError("INVALID_ARGUMENT", "the call names no store");
  const directory = directories.get(store.replace(/^oci:/, ""));
  if (directory === undefined) throw new StatusError("NOT_FOUND", `there is no store ${store}`);
  // A digest is part of a path below.
  if (!isDigest(digest)) throw new StatusError("INVALID_ARGUMENT", "the call names no sha256 digest");
  const file = join(directory, "blobs", "sha256", digest.slice("sha256:".length));
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) throw new StatusError("NOT_FOUND", `there is no blob ${digest}`);
  return { file, sizeBytes: found.size };
}

/** A size of 0 means all that is left. */
async function sendRange(
  call: SessionCall,
  { file, sizeBytes }: Blob,
  range: { readonly offset: number; readonly size: number },
): Promise<void> {
  const end = range.size === 0 ? sizeBytes : Math.min(sizeBytes, range.offset + range.size);
  if (range.offset < 0 || range.offset > sizeBytes) throw new StatusError("OUT_OF_RANGE", "the blob is shorter");
  if (range.offset === end) return;
  let offset = range.offset;
  const pieces = createReadStream(file, {
    start: offset,
    end: end - 1,
    highWaterMark: PIECE_BYTES,
    signal: call.signal,
  });
  for await (const data of pieces) {
    if (!(data instanceof Uint8Array)) continue;
    const response = create(ReadContentResponseSchema, { offset: BigInt(offset), data });
    await call.send(toBinary(ReadContentResponseSchema, response));
    offset += data.byteLength;
  }
}
