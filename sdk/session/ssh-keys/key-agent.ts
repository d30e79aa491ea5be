import type { Abortable } from "../../core/abort.ts";
import type { SshAgent } from "../ssh.ts";
import { AGENT_FAILURE, AGENT_MESSAGE, answerAgentRequests } from "../ssh-agent-protocol.ts";
import type { SshKey } from "./ssh-key.ts";
import { encodeString, encodeUint32, SshReader } from "./wire-format.ts";

/** An agent within this process: it lists keys and signs with them. The keys are read when a step connects first. */
export function createKeyAgent(read: (options: Abortable) => Promise<readonly SshKey[]>): SshAgent {
  return async (connection) => {
    const keys = await read({ signal: connection.signal });
    await answerAgentRequests(connection, async (request) =>
      request[0] === AGENT_MESSAGE.listRequest ? listKeys(keys) : signWith(keys, request),
    );
  };
}

function listKeys(keys: readonly SshKey[]): Uint8Array {
  const entries = keys.flatMap(({ publicBlob, comment }) => [encodeString(publicBlob), encodeString(comment)]);
  return Buffer.concat([Uint8Array.of(AGENT_MESSAGE.listAnswer), encodeUint32(keys.length), ...entries]);
}

function signWith(keys: readonly SshKey[], request: Uint8Array): Uint8Array {
  const signature = signatureOf(keys, request);
  if (signature === undefined) return AGENT_FAILURE;
  return Buffer.concat([Uint8Array.of(AGENT_MESSAGE.signAnswer), encodeString(signature)]);
}

/** Undefined for a request that is cut short, too: it comes from a build step, and is no fault of ours. */
function signatureOf(keys: readonly SshKey[], request: Uint8Array): Uint8Array | undefined {
  try {
    const reader = new SshReader(request.subarray(1));
    const [blob, data, flags] = [reader.string(), reader.string(), reader.uint32()];
    return keys.find(({ publicBlob }) => publicBlob.equals(blob))?.sign(data, flags);
  } catch {
    return undefined;
  }
}
