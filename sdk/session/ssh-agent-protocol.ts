import { StatusError } from "../wire/status.ts";
import type { SshConnection } from "./ssh.ts";

/** OpenSSH's own limit of a message. */
const MESSAGE_LIMIT_BYTES = 256 * 1024;
const LENGTH_BYTES = 4;

/**
 * Numbers of the agent's messages.
 *
 * @source https://www.rfc-editor.org/rfc/rfc9987.html
 */
export const AGENT_MESSAGE: Readonly<
  Record<"failure" | "listRequest" | "listAnswer" | "signRequest" | "signAnswer", number>
> = Object.freeze({ failure: 5, listRequest: 11, listAnswer: 12, signRequest: 13, signAnswer: 14 });

/** The answer to what is not allowed or not understood. */
export const AGENT_FAILURE: Uint8Array = Uint8Array.of(AGENT_MESSAGE.failure);

/** Answers one request; undefined when the agent has gone away. */
export type AgentRequestHandler = (request: Uint8Array) => Promise<Uint8Array | undefined>;

/**
 * Answers the requests of a connection one after the other. Only listing keys and signing with them reaches the handler:
 * a build step shall use keys, and not add, remove or lock them.
 */
export async function answerAgentRequests(connection: SshConnection, handle: AgentRequestHandler): Promise<void> {
  for await (const request of decodeAgentMessages(connection.chunks)) {
    const answer = isReading(request) ? await handle(request) : AGENT_FAILURE;
    if (answer === undefined) return;
    await connection.send(encodeAgentMessage(answer));
  }
}

/** A message as it travels: its length, then its bytes. */
export function encodeAgentMessage(message: Uint8Array): Uint8Array {
  const encoded = Buffer.allocUnsafe(LENGTH_BYTES + message.byteLength);
  encoded.writeUInt32BE(message.byteLength, 0);
  encoded.set(message, LENGTH_BYTES);
  return encoded;
}

/**
 * Cuts a stream into messages. What is left when it ends within one is dropped.
 *
 * @throws StatusError `RESOURCE_EXHAUSTED` for a message above 256 KiB
 */
export async function* decodeAgentMessages(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let parts: Uint8Array[] = [];
  let availableBytes = 0;
  let neededBytes = LENGTH_BYTES;
  for await (const chunk of chunks) {
    if (chunk.byteLength > 0) parts.push(chunk);
    availableBytes += chunk.byteLength;
    // Joined only when there is enough: a message that comes byte by byte would else be copied as often.
    while (availableBytes >= neededBytes) {
      const joined = Buffer.concat(parts);
      neededBytes = LENGTH_BYTES + messageLength(joined);
      if (availableBytes >= neededBytes) {
        yield joined.subarray(LENGTH_BYTES, neededBytes);
        availableBytes -= neededBytes;
        parts = [joined.subarray(neededBytes)];
        neededBytes = LENGTH_BYTES;
      } else parts = [joined];
    }
  }
}

function messageLength(message: Buffer): number {
  const lengthBytes = message.readUInt32BE(0);
  if (lengthBytes <= MESSAGE_LIMIT_BYTES) return lengthBytes;
  throw new StatusError("RESOURCE_EXHAUSTED", `an agent's message of ${lengthBytes} bytes is too long`);
}

function isReading(request: Uint8Array): boolean {
  return request[0] === AGENT_MESSAGE.listRequest || request[0] === AGENT_MESSAGE.signRequest;
}
