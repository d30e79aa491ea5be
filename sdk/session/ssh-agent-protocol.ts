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
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.byteLength >= LENGTH_BYTES) {
      const lengthBytes = rest.readUInt32BE(0);
      if (lengthBytes > MESSAGE_LIMIT_BYTES) {
        throw new StatusError("RESOURCE_EXHAUSTED", `an agent's message of ${lengthBytes} bytes is too long`);
      }
      if (rest.byteLength < LENGTH_BYTES + lengthBytes) break;
      yield rest.subarray(LENGTH_BYTES, LENGTH_BYTES + lengthBytes);
      rest = rest.subarray(LENGTH_BYTES + lengthBytes);
    }
  }
}

function isReading(request: Uint8Array): boolean {
  return request[0] === AGENT_MESSAGE.listRequest || request[0] === AGENT_MESSAGE.signRequest;
}
