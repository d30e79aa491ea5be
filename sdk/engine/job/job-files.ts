import type { Abortable } from "../../core/abort.ts";
import { ContentError, EngineError } from "../../core/errors.ts";
import type { FileStat } from "../../core/file-stat.ts";
import type { Stat } from "../../proto/gen/fsutil_pb.js";
import { LLBBridge } from "../../proto/gen/gateway_pb.js";
import type { StatusError } from "../../wire/status.ts";
import { decodeStatusDetails } from "../../wire/status-details.ts";
import type { BuildJob, FileRange } from "../engine.ts";
import type { JobConnection } from "./job-connection.ts";

/** A whole file is fetched in such pieces: the daemon refuses larger answers than 16 MiB. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** The calls of a job that look into results. */
export function createJobFiles(connection: JobConnection): Pick<BuildJob, "readFile" | "readDir" | "statFile"> {
  return {
    async readFile(reference, path, { signal, range } = {}) {
      const read = async ({ offsetBytes, lengthBytes }: FileRange): Promise<Uint8Array> => {
        const Range = { Offset: BigInt(offsetBytes), Length: BigInt(lengthBytes) };
        const request = { Ref: reference.id, FilePath: path, Range };
        return (await connection.call(LLBBridge.method.readFile, request, { signal, explain: absent(path) })).Data;
      };
      return await readPieces(range ?? { offsetBytes: 0, lengthBytes: Number.POSITIVE_INFINITY }, read);
    },
    async readDir(reference, path, { signal, includePattern = "" } = {}) {
      const request = { Ref: reference.id, DirPath: path, IncludePattern: includePattern };
      const { entries } = await connection.call(LLBBridge.method.readDir, request, { signal, explain: absent(path) });
      return entries.map(toFileStat);
    },
    async statFile(reference, path, { signal } = {}) {
      const request = { Ref: reference.id, Path: path };
      const { stat } = await connection.call(LLBBridge.method.statFile, request, { signal, explain: absent(path) });
      if (stat === undefined) throw notFound(path);
      return toFileStat(stat);
    },
  };
}

/** What lies in a directory of a container's mount; older daemons cannot say it. */
export async function readContainerDir(
  connection: JobConnection,
  { id, mountIndex }: { readonly id: string; readonly mountIndex: number },
  path: string,
  { signal }: Abortable,
): Promise<readonly FileStat[]> {
  const request = { Ref: id, DirPath: path, MountIndex: mountIndex };
  const explain = (error: StatusError): Error | undefined => unknownMethod(error) ?? absent(path)(error);
  const { entries } = await connection.call(LLBBridge.method.readDirContainer, request, { signal, explain });
  return entries.map(toFileStat);
}

function unknownMethod(error: StatusError): EngineError | undefined {
  if (error.status !== "UNIMPLEMENTED") return undefined;
  return new EngineError("ENGINE_FEATURE_MISSING", "the engine cannot list the directories of a container", {
    cause: error,
    hint: "Open a container and list them in it, or update the engine.",
  });
}

async function readPieces(range: FileRange, read: (piece: FileRange) => Promise<Uint8Array>): Promise<Uint8Array> {
  const end = range.offsetBytes + range.lengthBytes;
  const pieces: Uint8Array[] = [];
  for (let offsetBytes = range.offsetBytes; offsetBytes < end; ) {
    const lengthBytes = Math.min(PIECE_BYTES, end - offsetBytes);
    const piece = await read({ offsetBytes, lengthBytes });
    pieces.push(piece);
    offsetBytes += piece.byteLength;
    if (piece.byteLength < lengthBytes) break;
  }
  return Buffer.concat(pieces);
}

/** There is no status for it; the words are the operating system's. A step that fails may say the same, but names its vertex. */
function absent(path: string): (error: StatusError) => ContentError | undefined {
  return (error) => {
    if (!ABSENT.test(error.statusMessage)) return undefined;
    const details = error.encodedDetails === undefined ? undefined : decodeStatusDetails(error.encodedDetails)?.details;
    return details?.some(({ type }) => type === "errdefs.Vertex") ? undefined : notFound(path, error);
  };
}

const ABSENT =
  /(?:no such file or directory|not a directory|is a directory|not a regular file|too many (?:levels of symbolic )?links)$/;

function notFound(path: string, cause?: unknown): ContentError {
  const reason = cause === undefined ? {} : { cause };
  return new ContentError("CONTENT_NOT_FOUND", `there is no such thing at ${path}`, { ...reason, details: { path } });
}

function toFileStat({ path, mode, uid, gid, size, modTime, linkname, devmajor, devminor }: Stat): FileStat {
  return Object.freeze({
    path,
    mode,
    uid,
    gid,
    sizeBytes: Number(size),
    mtimeNs: modTime,
    linkname,
    deviceMajor: Number(devmajor),
    deviceMinor: Number(devminor),
  });
}
