import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { settleAll } from "../core/concurrency.ts";
import { InputError } from "../core/errors.ts";
import type { SshAgent } from "../session/ssh.ts";
import { createSocketAgent, type SocketAgentOptions } from "../session/ssh-agent-socket.ts";

/** An agent behind a socket of this machine. */
export interface SshSocket extends SocketAgentOptions {
  /** Default: the one that `SSH_AUTH_SOCK` names when the verb runs. */
  readonly socket?: string;
}

/** What `.ssh({ … })` takes, by id: the path of an agent's socket, or that with options. */
export type SshInputs = Readonly<Record<string, string | SshSocket>>;

/** Agents as a package holds them. Relative paths count from the working directory. */
export function sshSockets(inputs: SshInputs): Readonly<Record<string, SshSocket>> {
  return Object.fromEntries(
    Object.entries(inputs).map(([id, input]) => {
      const { socket, ...options } = typeof input === "string" ? { socket: input } : input;
      return [id, { ...options, ...(socket === undefined ? {} : { socket: resolve(socket) }) }];
    }),
  );
}

/**
 * Makes sure that there is a socket for each agent.
 *
 * @throws InputError `INPUT_SSH_AGENT_UNUSABLE`
 */
export async function verifySshAgents(sockets: Readonly<Record<string, SshSocket>>): Promise<void> {
  await settleAll(
    Object.entries(sockets).map(async ([id, entry]) => {
      const path = socketPath(id, entry);
      const found = await stat(path).catch((cause: unknown) => Promise.reject(notThere(path, cause)));
      if (!found.isSocket()) throw notThere(path);
    }),
  );
}

/** What steps talk to. */
export function sshAgents(sockets: Readonly<Record<string, SshSocket>>): ReadonlyMap<string, SshAgent> {
  return new Map(
    Object.entries(sockets).map(([id, entry]) => [id, createSocketAgent(socketPath(id, entry), entry)] as const),
  );
}

function socketPath(id: string, { socket = process.env.SSH_AUTH_SOCK }: SshSocket): string {
  if (socket) return socket;
  throw new InputError(
    "INPUT_SSH_AGENT_UNUSABLE",
    `SSH_AUTH_SOCK names no agent, and the ssh agent ${id} should be that`,
    {
      hint: "Start one with `eval $(ssh-agent)`, or name its socket with .ssh({ default: … }).",
    },
  );
}

function notThere(path: string, cause?: unknown): InputError {
  return new InputError("INPUT_SSH_AGENT_UNUSABLE", `there is no socket ${path}, where an ssh agent should be`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Start the agent, or name another socket with .ssh({ default: … }).",
  });
}
