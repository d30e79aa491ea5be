import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { StatusError } from "../wire/status.ts";
import type { SessionHandler, SessionService } from "./service.ts";

const METHOD = "/moby.filesync.v1.FileSend/DiffCopy";
const EXPORTER_ID = "buildkit-attachable-exporter-id";

/**
 * Takes what exporters send to the client, by the exporter's place in the job's list.
 * The `tar`, `oci` and `docker` exporters send a stream ({@link streamReceiver}), `local` sends packets of a file transfer.
 */
export function createFileSendService(receivers: ReadonlyMap<number, SessionHandler>): SessionService {
  return {
    methods: {
      [METHOD]: async (call) => {
        const id = Number(call.headers.get(EXPORTER_ID) ?? "0");
        const receive = receivers.get(id);
        if (receive === undefined) throw new StatusError("NOT_FOUND", `exporter ${id} sends no files to this client`);
        await receive(call);
      },
    },
  };
}

/**
 * Receives a stream, such as an OCI archive, and hands its chunks to `consume`. The exporter is done only when that is.
 */
export function contentReceiver(
  consume: (chunks: AsyncIterable<Uint8Array>, signal: AbortSignal) => Promise<void>,
): SessionHandler {
  return (call) => consume(call.content, call.signal);
}

/**
 * Receives a stream, such as an OCI archive, into what `open` gives; it is ended when the stream is complete and
 * destroyed when it breaks. The exporter is done only after all has been written.
 */
export function streamReceiver(open: () => Writable | Promise<Writable>): SessionHandler {
  return contentReceiver(async (chunks, signal) => {
    await pipeline(Readable.from(chunks), await open(), { signal });
  });
}
