import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { settleAll } from "../../core/concurrency.ts";
import { InputError } from "../../core/errors.ts";
import type { SshAgent } from "../../session/ssh.ts";
import { createSocketAgent, type SocketAgentOptions } from "../../session/ssh-agent-socket.ts";
import { createKeyAgent } from "../../session/ssh-keys/key-agent.ts";
import type { SshKey } from "../../session/ssh-keys/ssh-key.ts";
import { type SecretCallback, type SecretSource, secretSource } from "./secret-source.ts";

/** An agent behind a socket of this machine. */
export interface SshSocket extends SocketAgentOptions {
  /** Default: the one that `SSH_AUTH_SOCK` names when the verb runs. */
  readonly socket?: string;
}

/** Private keys for an agent within this process. */
export interface SshKeys<Source = SecretSource | SecretCallback> {
  /** ed25519, ECDSA or RSA, in OpenSSH's format or as PEM. They are read before anything is built, and when a step asks. */
  readonly keys: readonly Source[];
  /** Of keys in PEM that are encrypted. Those in OpenSSH's format that have a passphrase need an agent. */
  readonly passphrase?: Source;
}

/** What `.ssh({ … })` takes, by id: the path of an agent's socket, that with options, or private keys. */
export type SshInputs = Readonly<Record<string, string | SshSocket | SshKeys>>;

/** An agent as a package holds it. */
export type SshChoice = SshSocket | SshKeys<SecretSource>;

/**
 * Agents as a package holds them. Relative paths count from the working directory.
 *
 * @throws InputError `INPUT_OPTION_INVALID` for a key that has no source, such as a bare text
 */
export function sshChoices(inputs: SshInputs): Readonly<Record<string, SshChoice>> {
  return Object.fromEntries(Object.entries(inputs).map(([id, input]) => [id, choiceOf(id, input)]));
}

function choiceOf(id: string, input: SshInputs[string]): SshChoice {
  if (typeof input !== "string" && "keys" in input) return keysOf(id, input);
  const { socket, ...options } = typeof input === "string" ? { socket: input } : input;
  return { ...options, ...(socket === undefined ? {} : { socket: resolve(socket) }) };
}

function keysOf(id: string, { keys, passphrase }: SshKeys): SshChoice {
  const sources = keys.map((key, index) => secretSource(`the ssh key ${index + 1} of ${id}`, key));
  if (passphrase === undefined) return { keys: sources };
  return { keys: sources, passphrase: secretSource(`the passphrase of ${id}`, passphrase) };
}

/**
 * Makes sure that there is a socket for each agent, and that keys can be read.
 *
 * @throws InputError `INPUT_SSH_AGENT_UNUSABLE`, `INPUT_SECRET_MISSING`
 */
export async function verifySshAgents(
  choices: Readonly<Record<string, SshChoice>>,
  options: Abortable = {},
): Promise<void> {
  await settleAll(
    Object.entries(choices).map(async ([id, entry]) => {
      if ("keys" in entry) return void (await readKeys(entry, options));
      const path = socketPath(id, entry);
      const found = await stat(path).catch((cause: unknown) => Promise.reject(notThere(path, cause)));
      if (!found.isSocket()) throw notThere(path);
    }),
  );
}

/** What steps talk to. */
export function sshAgents(choices: Readonly<Record<string, SshChoice>>): ReadonlyMap<string, SshAgent> {
  return new Map(Object.entries(choices).map(([id, entry]) => [id, agentOf(id, entry)] as const));
}

function agentOf(id: string, entry: SshChoice): SshAgent {
  if (!("keys" in entry)) return createSocketAgent(socketPath(id, entry), entry);
  return createKeyAgent((options) => readKeys(entry, options));
}

async function readKeys({ keys, passphrase }: SshKeys<SecretSource>, options: Abortable): Promise<readonly SshKey[]> {
  const { parsePrivateKey } = await import("../../session/ssh-keys/private-key.ts");
  const word = await passphrase?.read(options);
  return await settleAll(
    keys.map(async ({ origin, read }) => {
      const bytes = await read(options);
      if (bytes === undefined) throw noKey(origin);
      const secret = word === undefined ? {} : { passphrase: Buffer.from(word).toString("utf8").trimEnd() };
      return parsePrivateKey(bytes, { origin, ...secret });
    }),
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

function noKey(origin: string): InputError {
  return new InputError("INPUT_SSH_AGENT_UNUSABLE", `${origin} gave no ssh key`);
}

function notThere(path: string, cause?: unknown): InputError {
  return new InputError("INPUT_SSH_AGENT_UNUSABLE", `there is no socket ${path}, where an ssh agent should be`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Start the agent, or name another socket, or the file of a private key: .ssh({ default: { keys: [fromFile(…)] } }), --ssh default=FILE.",
  });
}
