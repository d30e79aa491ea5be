import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { raceAbort } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import type { SshAgent, SshConnection } from "./ssh.ts";
import { answerAgentRequests, decodeAgentMessages, encodeAgentMessage } from "./ssh-agent-protocol.ts";

const CONNECT_TIMEOUT_MS = 5000;
const ANSWER_TIMEOUT_MS = 60_000;

/** How an agent behind a socket is used. */
export interface SocketAgentOptions {
  /** Pass everything through, not only listing keys and signing. Default false. */
  readonly raw?: boolean | undefined;
  /** How long an answer may take; a person may have to confirm it. Default 60 seconds. Without effect when raw. */
  readonly answerTimeoutMs?: number | undefined;
}

/** The agent that listens on a socket. Each connection of a build step gets one of its own. */
export function createSocketAgent(path: string, options: SocketAgentOptions = {}): SshAgent {
  const { raw = false, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  return async (connection) => {
    const socket = await openSocket(path, connection.signal);
    try {
      await (raw ? passThrough(connection, socket) : serveFiltered(connection, socket, path, answerTimeoutMs));
    } finally {
      socket.destroy();
    }
  };
}

async function openSocket(path: string, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ path });
  const deadline = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    await once(socket, "connect", { signal: AbortSignal.any([signal, deadline]) });
    // What goes wrong from now on is seen where it is read.
    socket.on("error", () => {});
    return socket;
  } catch (cause) {
    socket.on("error", () => {}).destroy();
    signal.throwIfAborted();
    throw new InputError("INPUT_SSH_AGENT_UNUSABLE", `nothing answers at ${path}, where an ssh agent should be`, {
      cause,
      hint: "Start the agent, or name another socket with .ssh({ default: … }).",
    });
  }
}

async function serveFiltered(
  connection: SshConnection,
  socket: Socket,
  path: string,
  answerTimeoutMs: number,
): Promise<void> {
  const answers = decodeAgentMessages(socket);
  await answerAgentRequests(connection, async (request) => {
    socket.write(encodeAgentMessage(request));
    const late = AbortSignal.timeout(answerTimeoutMs);
    const next = answers.next();
    try {
      const { value } = await raceAbort(next, AbortSignal.any([connection.signal, late]));
      return value ?? undefined;
    } catch (cause) {
      next.catch(() => {});
      if (!late.aborted) throw cause;
      throw new InputError("INPUT_SSH_AGENT_UNUSABLE", `the ssh agent at ${path} did not answer in time`, {
        cause,
        hint: "See whether it waits for a confirmation; answerTimeoutMs gives it more time.",
        details: { answerTimeoutMs },
      });
    }
  });
}

/** The end of one direction leaves the other open; it is over when the agent closes. */
async function passThrough({ chunks, send, signal }: SshConnection, socket: Socket): Promise<void> {
  const writing = writeAll(chunks, socket).catch(() => socket.destroy());
  await raceAbort(readAll(socket, send), signal);
  await writing;
}

async function writeAll(chunks: AsyncIterable<Uint8Array>, socket: Socket): Promise<void> {
  for await (const chunk of chunks) if (!socket.write(chunk)) await once(socket, "drain");
  socket.end();
}

async function readAll(socket: Socket, send: SshConnection["send"]): Promise<void> {
  for await (const chunk of socket) await send(chunk);
}
