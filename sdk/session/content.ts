import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { isDigest } from "../core/digest.ts";
import { Content, ReadContentRequestSchema, ReadContentResponseSchema } from "../proto/gen/content_pb.js";
import { StatusError } from "../wire/status.ts";
import { type OpenIngests, receiveBlob } from "./content-ingest.ts";
import type { SessionCall, SessionService } from "./service.ts";
import { readSingleRequest } from "./single-request.ts";
import { unaryMethod } from "./unary-method.ts";

const STORE_HEADER = "buildkit-attachable-store-id";
const PIECE_BYTES = 1024 * 1024;

/** What the daemon may do with the layouts besides reading. */
export interface ContentOptions {
  /** Names of layouts that it may write blobs into; index.json is not its business. Default: none. */
  readonly writable?: ReadonlySet<string>;
}

/**
 * Serves OCI layouts, each under the name that `oci.store` has in a graph, or the attribute of a local cache. The daemon
 * verifies what it reads, and what it writes is verified here.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function createContentService(
  directories: ReadonlyMap<string, string>,
  { writable = new Set() }: ContentOptions = {},
): SessionService {
  const open: OpenIngests = new Set();
  const find = async (call: SessionCall, digest: string): Promise<Blob> => await findBlob(directories, call, digest);
  return {
    methods: {
      ...unaryMethod(Content.method.info, async ({ digest }, call) => {
        const { sizeBytes } = await find(call, digest);
        return { info: { digest, size: BigInt(sizeBytes) } };
      }),
      [`/${Content.typeName}/${Content.method.read.name}`]: async (call) => {
        const { digest, offset, size } = fromBinary(ReadContentRequestSchema, await readSingleRequest(call));
        await sendRange(call, await find(call, digest), { offset: Number(offset), size: Number(size) });
      },
      ...unaryMethod(Content.method.status, async ({ ref }) => {
        // What is cut off is not kept, so no write can be taken up again.
        throw new StatusError("NOT_FOUND", `there is no ingest ${ref}`);
      }),
      ...unaryMethod(Content.method.abort, async () => ({})),
      [`/${Content.typeName}/${Content.method.write.name}`]: async (call) => {
        const { name, directory } = findLayout(directories, call);
        if (!writable.has(name)) throw new StatusError("PERMISSION_DENIED", `the store ${name} is not for writing`);
        await receiveBlob(call, directory, open);
      },
    },
  };
}

interface Blob {
  readonly file: string;
  readonly sizeBytes: number;
}

function findLayout(
  directories: ReadonlyMap<string, string>,
  { headers }: SessionCall,
): { readonly name: string; readonly directory: string } {
  const store = headers.get(STORE_HEADER);
  if (store === undefined) throw new StatusError("INVALID_ARGUMENT", "the call names no store");
  const name = store.replace(/^(oci|local):/, "");
  const directory = directories.get(name);
  if (directory === undefined) throw new StatusError("NOT_FOUND", `there is no store ${store}`);
  return { name, directory };
}

async function findBlob(directories: ReadonlyMap<string, string>, call: SessionCall, digest: string): Promise<Blob> {
  const { directory } = findLayout(directories, call);
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
