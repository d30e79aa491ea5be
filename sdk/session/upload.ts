import { create, toBinary } from "@bufbuild/protobuf";
import { type Abortable, raceAbort } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import { uploadUrl } from "../core/upload-url.ts";
import { BytesMessageSchema, Upload } from "../proto/gen/upload_pb.js";
import { StatusError } from "../wire/status.ts";
import { callBack } from "./callback-failure.ts";
import { createIdentifier } from "./identifier.ts";
import { UPLOAD_PIECE_BYTES } from "./limits.ts";
import type { SessionCall, SessionService } from "./service.ts";

/**
 * What an upload holds: chunks that can be read once, or a function that begins anew whenever the engine asks, which is once
 * for each build. The signal tells the function that nobody reads any more.
 */
export type UploadSource =
  | AsyncIterable<Uint8Array>
  | ((options: Abortable) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>);

/** Content of this process that engines can download like something from the web. */
export interface Uploads {
  /** Goes to the services of the jobs, or of the session, that the uploads are for. */
  readonly service: SessionService;
  /** Adds one; gives its URL, which nobody can guess and which works in these sessions alone. */
  add(source: UploadSource): string;
}

const METHOD = `/${Upload.typeName}/${Upload.method.pull.name}`;
const PATH_HEADER = "urlpath";

/**
 * Content that engines take from this process by a URL: a build context that is a tar archive, plain or compressed, or a
 * file for `llb.http`. It is sent as fast as the engine takes it, never held whole, and needs no server and no directory.
 *
 * A source that fails, fails the build: with its own error if that is one of kitsmith's, else as the cause of a BuildError
 * `BUILD_CALLBACK_FAILED`. Chunks that were read already are refused.
 *
 * @example A Dockerfile and its context in one archive
 * ```ts
 * const uploads = createUploads();
 * const context = uploads.add(() => createReadStream("context.tar.gz"));
 * await using job = await engine.openJob({ exporters: [], services: [uploads.service], sharedKey: "" });
 * await job.solve({ input: { kind: "frontend", frontend: "dockerfile.v0", options: { context } } });
 * ```
 *
 * @example A file in a graph
 * ```ts
 * const url = uploads.add(() => createReadStream("firmware.bin"));
 * const state = llb.scratch().copy(llb.http(url, { filename: "firmware.bin" }).path("/firmware.bin"), "/lib/");
 * ```
 */
export function createUploads(): Uploads {
  const sources = new Map<string, UploadSource>();
  return {
    service: createUploadService(sources),
    add(source) {
      const id = createIdentifier();
      sources.set(id, source);
      return uploadUrl(id);
    },
  };
}

/** Serves content by id, which must be hard to guess. One that is not there is answered with NOT_FOUND. */
export function createUploadService(sources: ReadonlyMap<string, UploadSource>): SessionService {
  const taken = new WeakSet<UploadSource>();
  return {
    methods: {
      [METHOD]: async (call) => {
        const id = call.headers.get(PATH_HEADER)?.replace(/^\//, "") ?? "";
        const source = sources.get(id);
        if (source === undefined) throw new StatusError("NOT_FOUND", `there is no upload ${id}`);
        if (typeof source !== "function") {
          if (taken.has(source)) throw new StatusError("FAILED_PRECONDITION", "the upload was read already");
          taken.add(source);
        }
        await sendUpload(call, source);
      },
    },
  };
}

async function sendUpload(call: SessionCall, source: UploadSource): Promise<void> {
  const { signal } = call;
  await callBack(signal, "the source of an upload failed", async () => {
    const opening = typeof source === "function" ? source({ signal }) : source;
    await sendChunks(call, await raceAbort(Promise.resolve(opening), signal));
  });
}

async function sendChunks(call: SessionCall, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { value, done } = await raceAbort(iterator.next(), call.signal);
      if (done) return;
      await sendPieces(call, value);
    }
  } finally {
    // Not waited for: a source that hangs would keep the session open.
    iterator.return?.().catch(() => {});
  }
}

async function sendPieces(call: SessionCall, chunk: unknown): Promise<void> {
  // Streams of node:fs and others give text where they were told an encoding.
  if (!(chunk instanceof Uint8Array)) {
    throw new InputError("INPUT_OPTION_INVALID", "the source of an upload gave something else than bytes", {
      hint: "Open the stream without an encoding.",
    });
  }
  for (let at = 0; at < chunk.byteLength; at += UPLOAD_PIECE_BYTES) {
    const data = chunk.subarray(at, at + UPLOAD_PIECE_BYTES);
    await call.send(toBinary(BytesMessageSchema, create(BytesMessageSchema, { data })));
  }
}
