import { fromBinary } from "@bufbuild/protobuf";
import { isRecord } from "../core/json.ts";
import { StatusSchema } from "../proto/gen/status_pb.js";

/** One detail of a status, as BuildKit sends them: JSON within a protobuf Any. */
export interface StatusDetail {
  /** Without host and path, such as `errdefs.Vertex`. */
  readonly type: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A status with its details. */
export interface DetailedStatus {
  readonly code: number;
  readonly message: string;
  /** Details that are understood; the others are left out. A type may occur more than once. */
  readonly details: readonly StatusDetail[];
}

const JSON_SUFFIX = "+json";

/** Decodes a `google.rpc.Status`; undefined for bytes that are none. */
export function decodeStatusDetails(encoded: Uint8Array): DetailedStatus | undefined {
  try {
    const { code, message, details } = fromBinary(StatusSchema, encoded);
    return { code, message, details: details.flatMap(({ typeUrl, value }) => readDetail(typeUrl, value)) };
  } catch {
    return undefined;
  }
}

function readDetail(typeUrl: string, bytes: Uint8Array): StatusDetail[] {
  if (!typeUrl.endsWith(JSON_SUFFIX)) return [];
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1, -JSON_SUFFIX.length);
    return isRecord(value) ? [{ type, value }] : [];
  } catch {
    return [];
  }
}
