import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BytesMessageSchema, SSH } from "../proto/gen/ssh_pb.js";
import { StatusError } from "../wire/status.ts";
import type { SessionCall, SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

const FORWARD = "/moby.sshforward.v1.SSH/ForwardAgent";
const ID_HEADER = "buildkit.ssh.id";
const DEFAULT_ID = "default";

/** A connection that a program in a build step opened to its agent's socket. */
export interface SshConnection {
  /** What the program writes, until it closes its side. */
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly send: (bytes: Uint8Array) => Promise<void>;
  /** Fires when the step is canceled or the session ends. */
  readonly signal: AbortSignal;
}

/** An agent that steps may talk to. Returning closes the connection. */
export type SshAgent = (connection: SshConnection) => Promise<void>;

/** Lets steps talk to ssh agents, by id. An id that is not there is answered with NOT_FOUND. */
export function createSshService(agents: ReadonlyMap<string, SshAgent>): SessionService {
  const find = (id: string): SshAgent => {
    const agent = agents.get(id || DEFAULT_ID);
    if (agent === undefined) throw new StatusError("NOT_FOUND", `there is no ssh agent ${id || DEFAULT_ID}`);
    return agent;
  };
  return {
    methods: {
      ...unaryMethod(SSH.method.checkAgent, async ({ ID }) => {
        find(ID);
        return {};
      }),
      [FORWARD]: (call) => find(call.headers.get(ID_HEADER) ?? "")(connectionOf(call)),
    },
  };
}

function connectionOf({ messages, send, signal }: SessionCall): SshConnection {
  return {
    chunks: chunksOf(messages),
    send: (data) => send(toBinary(BytesMessageSchema, create(BytesMessageSchema, { data }))),
    signal,
  };
}

async function* chunksOf(messages: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const message of messages) yield fromBinary(BytesMessageSchema, message).data;
}
