import { isKitsmithError, ProtocolError } from "../../core/errors.ts";
import { encodePacket } from "./packet.ts";
import type { PacketStream } from "./packet-stream.ts";

/** The failure of the other side of a transfer. */
export function peerFailure(message: string): ProtocolError {
  return new ProtocolError("FSUTIL_PEER_FAILED", message);
}

/** Tells the peer why a transfer fails, unless the failure is its own or the caller has given up. */
export async function reportFailure(
  send: PacketStream["send"],
  error: unknown,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal?.aborted || (isKitsmithError(error) && error.code === "FSUTIL_PEER_FAILED")) return;
  // Errors of others may hold what is none of the peer's business.
  const message = isKitsmithError(error) ? error.message : "the client failed";
  await send(encodePacket({ type: "error", message })).catch(() => {
    // The stream is broken: that is what the peer sees, and the failure itself goes to the caller.
  });
}
