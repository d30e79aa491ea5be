import type { DescMessage, DescMethodBiDiStreaming } from "@bufbuild/protobuf";
import { BuildError, ProtocolError } from "../../core/errors.ts";
import type { BidiCall } from "../../wire/grpc-call.ts";
import type { GrpcClient } from "../../wire/grpc-client.ts";
import { StatusError } from "../../wire/status.ts";
import { engineLost } from "./build-failure.ts";
import { isAlive, type JobEvidence, mayBeLost } from "./job-failure.ts";

/** A call of LLBBridge in which both sides send. */
export interface BridgeStream<Input extends DescMessage, Output extends DescMessage> extends BidiCall<Input, Output> {
  /** Cancels the call, if it still goes on, and closes its connection. */
  close(): void;
}

/** The streams of one job. */
export interface BridgeStreams {
  open<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    signal: AbortSignal | undefined,
  ): BridgeStream<I, O>;
  /** Closes all of them. */
  close(): void;
}

/**
 * Each stream has a connection of its own: the one for single calls is replaced when an answer gets lost on it, and what
 * a program writes must not hold up anything else.
 */
export function createBridgeStreams({ engine }: JobEvidence, headers: Readonly<Record<string, string>>): BridgeStreams {
  const clients = new Set<GrpcClient>();
  let closed = false;
  const explain = async (error: unknown): Promise<unknown> => {
    if (!(error instanceof StatusError)) return error;
    if (closed) return new ProtocolError("SESSION_CLOSED", "the build job is closed", { cause: error });
    const lost = mayBeLost(error);
    if (lost && !(await isAlive(engine.main))) return engineLost(engine.address, error);
    return new BuildError("BUILD_PROCESS_FAILED", error.statusMessage, { cause: error });
  };
  return {
    open(method, signal) {
      if (closed) throw new ProtocolError("SESSION_CLOSED", "the build job is closed");
      signal?.throwIfAborted();
      const client = engine.transport.createClient();
      const call = client.bidi(method, { headers, signal });
      clients.add(client);
      return {
        ...call,
        messages: explained(call.messages, explain),
        close() {
          call.cancel();
          client.close();
          clients.delete(client);
        },
      };
    },
    close() {
      closed = true;
      for (const client of clients) client.close();
    },
  };
}

async function* explained<M>(
  messages: AsyncIterable<M>,
  explain: (error: unknown) => Promise<unknown>,
): AsyncGenerator<M, void> {
  try {
    yield* messages;
  } catch (error) {
    throw await explain(error);
  }
}
