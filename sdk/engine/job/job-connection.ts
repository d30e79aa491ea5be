import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from "@bufbuild/protobuf";
import { type Abortable, anySignal, raceAbort } from "../../core/abort.ts";
import { isKitsmithError, ProtocolError } from "../../core/errors.ts";
import { Control, type SolveResponse } from "../../proto/gen/control_pb.js";
import { createIdentifier } from "../../session/identifier.ts";
import { openSession } from "../../session/session.ts";
import type { GrpcClient } from "../../wire/grpc-client.ts";
import { StatusError } from "../../wire/status.ts";
import type { JobOptions, JobSession, SessionOptions } from "../engine.ts";
import { type BridgeStream, createBridgeStreams } from "./bridge-stream.ts";
import { engineLost } from "./build-failure.ts";
import {
  explainFailure,
  type JobEngine,
  type JobEvidence,
  recoverByRepeating,
  recoverFromHistory,
} from "./job-failure.ts";
import { settledWithin } from "./settled-within.ts";
import { encodeJob, type PlainBuild } from "./solve-message.ts";
import { followStatus } from "./status-follower.ts";

/** The calls of one job. Solve and LLBBridge have a connection each, as the answer of either may break its own. */
export interface JobConnection {
  readonly ref: string;
  readonly sessionId: string;
  /** Settles as Control.Solve does, with a translated error. */
  readonly solved: Promise<SolveResponse>;
  /** A call of LLBBridge; failures are translated. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: BridgeCallOptions,
  ): Promise<MessageShape<O>>;
  /** A call of LLBBridge in which both sides send, on a connection of its own; failures of reading are translated. */
  openStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    options?: Abortable,
  ): BridgeStream<I, O>;
  /** Cancels what runs and closes everything; may be called again. */
  close(): Promise<void>;
}

/** Options of a call of LLBBridge. */
export interface BridgeCallOptions extends Abortable {
  /** A build that fails as the call does, should its answer get lost. */
  readonly again?: PlainBuild | undefined;
  /** What a status means that is no failure of a step; asked first. */
  readonly explain?: (error: StatusError) => Error | undefined;
}

const BUILD_ID_HEADER = "buildkit-controlapi-buildid";
const CANCEL_WAIT_MS = 5000;

/** Opens the session, starts Solve without definition and follows the status. */
export async function openJobConnection(engine: JobEngine, options: JobOptions): Promise<JobConnection> {
  const [solveClient, bridgeClient] = [engine.transport.createClient(), engine.transport.createClient()];
  const session = options.session ?? (await openSessionBeside(engine, options, [solveClient, bridgeClient]));
  const ref = createIdentifier();
  const follower = followStatus(engine.main, ref, options.onStatus);
  const canceled = new AbortController();
  const watch = { beside: engine.main.probe, soon: follower.vertexFailed };
  const request = encodeJob(ref, session.id, options);
  const answer = solveClient.unary(Control.method.solve, request, { signal: canceled.signal, watch });
  const { sourceRoot, sourcePolicy = false } = options;
  const evidence: JobEvidence = { engine, session, follower, sourceRoot, sourcePolicy };
  const solved = answer.catch(async (error: unknown) => {
    options.signal?.throwIfAborted();
    throw await explainFailure(evidence, error, () => recoverFromHistory(engine, ref));
  });
  solved.catch(() => undefined);
  const bridge = createBridge(evidence, ref, solved, bridgeClient);

  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    options.signal?.removeEventListener("abort", closeSoon);
    canceled.abort(new ProtocolError("SESSION_CLOSED", "the build job is closed"));
    await settledWithin(answer, CANCEL_WAIT_MS);
    await follower.drain();
    await session[Symbol.asyncDispose]();
    bridge.close();
    solveClient.close();
  };
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  const closeSoon = (): void => void close();
  options.signal?.addEventListener("abort", closeSoon, { once: true });
  return {
    ref,
    sessionId: session.id,
    solved,
    close,
    call: (method, message, callOptions = {}) =>
      bridge.call(method, message, { ...callOptions, signal: anySignal(options.signal, callOptions.signal) }),
    openStream: (method, { signal } = {}) => bridge.openStream(method, anySignal(options.signal, signal)),
  };
}

/** While the session is opened, the connections for what comes next are dialled. */
async function openSessionBeside(
  engine: JobEngine,
  options: JobOptions,
  clients: readonly GrpcClient[],
): Promise<JobSession> {
  for (const client of clients) client.connect();
  try {
    return await openJobSession(engine, options);
  } catch (error) {
    for (const client of clients) client.close();
    throw error;
  }
}

/** Opens the session in which the daemon asks for what a build needs. */
export async function openJobSession(engine: JobEngine, options: SessionOptions): Promise<JobSession> {
  try {
    return await openSession({
      services: options.services,
      sharedKey: options.sharedKey,
      open: (headers) => engine.transport.openSession(headers, options),
    });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw isKitsmithError(error) ? error : engineLost(engine.address, error);
  }
}

interface Bridge {
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageInitShape<I>,
    options: BridgeCallOptions,
  ): Promise<MessageShape<O>>;
  openStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    signal: AbortSignal | undefined,
  ): BridgeStream<I, O>;
  close(): void;
}

/** The connection for LLBBridge; it is replaced when an answer was lost on it. */
function createBridge(
  evidence: JobEvidence,
  ref: string,
  solved: Promise<SolveResponse>,
  firstClient: GrpcClient,
): Bridge {
  const { engine, follower } = evidence;
  const headers = { [BUILD_ID_HEADER]: ref };
  const watch = { beside: engine.main.probe, soon: follower.vertexFailed };
  // If Solve fails first, it knows better why than the call that hangs on it.
  const failed = new AbortController();
  solved.catch((error: unknown) => failed.abort(error));
  let client = firstClient;
  const streams = createBridgeStreams(evidence, headers);
  return {
    async call(method, message, { signal, again, explain }) {
      failed.signal.throwIfAborted();
      try {
        return await raceAbort(client.unary(method, message, { signal, headers, watch }), failed.signal);
      } catch (error) {
        signal?.throwIfAborted();
        failed.signal.throwIfAborted();
        const known = error instanceof StatusError ? explain?.(error) : undefined;
        if (known !== undefined) throw known;
        throw await explainFailure(evidence, error, async () => {
          client.close();
          client = engine.transport.createClient();
          return again === undefined ? undefined : await recoverByRepeating(evidence, again);
        });
      }
    },
    openStream: (method, signal) => streams.open(method, anySignal(signal, failed.signal)),
    close() {
      streams.close();
      client.close();
    },
  };
}
