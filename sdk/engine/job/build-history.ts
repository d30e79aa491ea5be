import type { Abortable } from "../../core/abort.ts";
import { Content } from "../../proto/gen/content_pb.js";
import { BuildHistoryEventType, Control } from "../../proto/gen/control_pb.js";
import type { GrpcClient } from "../../wire/grpc-client.ts";

/**
 * The error of a build, as an encoded `google.rpc.Status` with all its details, from the daemon's history.
 * For a build that still runs, `wait` waits for its end. Undefined where there is no record of it, or no error.
 */
export async function readExternalError(
  client: GrpcClient,
  ref: string,
  options: Abortable & { readonly wait?: boolean },
): Promise<Uint8Array | undefined> {
  const request = { Ref: ref, EarlyExit: options.wait !== true };
  for await (const { type, record } of client.serverStream(Control.method.listenBuildHistory, request, options)) {
    if (type !== BuildHistoryEventType.COMPLETE || record?.Ref !== ref) continue;
    const digest = record.externalError?.digest;
    if (digest === undefined) return undefined;
    const parts: Uint8Array[] = [];
    for await (const { data } of client.serverStream(Content.method.read, { digest }, options)) parts.push(data);
    return Buffer.concat(parts);
  }
  return undefined;
}
