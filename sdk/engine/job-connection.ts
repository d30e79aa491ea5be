import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type Abortable, anySignal, delay, raceAbort } from "../core/abort.ts";
import { isKitsmithError } from "../core/errors.ts";
import { Control, type SolveResponse } from "../proto/gen/control_pb.js";
import type { DefinitionSchema } from "../proto/gen/ops_pb.js";
import { createIdentifier } from "../session/identifier.ts";
import { openSession, type Session } from "../session/session.ts";
import type { GrpcClient } from "../wire/grpc-client.ts";
import { StatusError } from "../wire/status.ts";
import { buildFailure, engineLost } from "./build-failure.ts";
import { readExternalError } from "./build-history.ts";
import type { JobOptions } from "./engine.ts";
import { followStatus, type StatusFollower } from "./status-follower.ts";
import type { Transport } from "./transport.ts";

/** The engine that a job runs on. */
export interface JobEngine {
  readonly address: string;
  readonly transport: Transport;
  /** The engine's own connection: it carries status, history and tunnelled sessions. */
  readonly main: GrpcClient;
}

/** What a plain build is made of. */
export interface PlainBuild {
  readonly Frontend?: string;
  readonly FrontendAttrs?: Record<string, string>;
  readonly Definition?: MessageInitShape<typeof DefinitionSchema>;
}

/** The calls of one job. Solve and LLBBridge have a connection each, as the answer of either may break its own. */
export interface JobConnection {
  readonly ref: string;
  /** Settles as Control.Solve does, with a translated error. */
  readonly solved: Promise<SolveResponse>;
  /** A call of LLBBridge; failures are translated. `again` is a build that fails as the call does, should its answer get lost. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options?: Abortable,
    again?: PlainBuild,
  ): Promise<MessageShape<O>>;
  /** Cancels what runs and closes everything; may be called again. */
  close(): Promise<void>;
}

const BUILD_ID_HEADER = "buildkit-controlapi-buildid";
const ALIVE_TIMEOUT_MS = 3000;
const CANCEL_WAIT_MS = 5000;
const STATUS_WAIT_MS = 1000;
/** For builds that fail again to tell why: they stop at the same place, whose outcome is still known to the daemon. */
const DIAGNOSIS_TIMEOUT_MS = 20_000;

/** Opens the session, starts Solve without definition and follows the status. */
export async function openJobConnection(engine: JobEngine, options: JobOptions): Promise<JobConnection> {
  const session = await openSession({
    services: options.services,
    sharedKey: options.sharedKey,
    open: (headers) => engine.transport.openSession(engine.main, headers, options),
  });
  const ref = createIdentifier();
  const solveClient = engine.transport.createClient();
  const bridge = engine.transport.createClient();
  const canceled = new AbortController();
  const request = { ...solveRequest(ref, session.id), ...outputsOf(options) };
  const answer = solveClient.unary(Control.method.solve, request, { signal: canceled.signal });
  answer.catch(() => undefined);
  const follower = followStatus(engine.main, ref, options.onStatus);
  const job: JobParts = { engine, session, follower, bridge, ref };

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      options.signal?.removeEventListener("abort", closeQuietly);
      canceled.abort();
      await settledWithin(answer, CANCEL_WAIT_MS);
      await follower.drain();
      await session[Symbol.asyncDispose]();
      bridge.close();
      solveClient.close();
    })();
    return closing;
  };
  const closeQuietly = (): void => void close();
  options.signal?.addEventListener("abort", closeQuietly, { once: true });

  const solved = answer.catch(async (error: unknown) => {
    options.signal?.throwIfAborted();
    throw await explain(job, error, ref);
  });
  solved.catch(() => undefined);
  return {
    ref,
    solved,
    close,
    call: (method, message, callOptions, again) =>
      callBridge(job, solved, method, message, anySignal(options.signal, callOptions?.signal), again),
  };
}

interface JobParts {
  readonly engine: JobEngine;
  readonly session: Session;
  readonly follower: StatusFollower;
  readonly bridge: GrpcClient;
  readonly ref: string;
}

async function callBridge<I extends DescMessage, O extends DescMessage>(
  job: JobParts,
  solved: Promise<SolveResponse>,
  method: DescMethodUnary<I, O>,
  message: MessageInitShape<I>,
  signal: AbortSignal | undefined,
  again: PlainBuild | undefined,
): Promise<MessageShape<O>> {
  const answer = job.bridge.unary(method, message, { signal, headers: { [BUILD_ID_HEADER]: job.ref } });
  const over = new AbortController();
  // If Solve ends first, it knows better why than the call that hangs on it.
  solved.then(
    () => over.abort(),
    (error) => over.abort(error),
  );
  try {
    return await raceAbort(answer, over.signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (over.signal.aborted) throw over.signal.reason;
    throw await explain(job, error, again === undefined ? undefined : () => failAgain(job, again));
  }
}

/**
 * Runs what has failed as a plain build without outputs, so that its error lands in the history of builds.
 */
async function failAgain(job: JobParts, build: PlainBuild): Promise<string> {
  const client = job.engine.transport.createClient();
  const ref = createIdentifier();
  try {
    await client.unary(
      Control.method.solve,
      { ...solveRequest(ref, job.session.id), ...build },
      { timeoutMs: DIAGNOSIS_TIMEOUT_MS },
    );
  } catch {
    // That it fails is why it is run; its answer is as long as the one that was lost.
  } finally {
    client.close();
  }
  return ref;
}

async function explain(
  job: JobParts,
  error: unknown,
  lost: string | (() => Promise<string>) | undefined,
): Promise<unknown> {
  if (!(error instanceof StatusError)) return error;
  const cause = job.session.failures.find((failure) => !(failure.error instanceof StatusError))?.error;
  if (isKitsmithError(cause)) return cause;
  if (!isConnectionFailure(error)) {
    await seeFailure(job.follower);
    return buildFailure(error, job.follower);
  }
  if (!(await isAlive(job.engine.main))) return engineLost(job.engine.address, error);
  await seeFailure(job.follower);
  const ref = typeof lost === "function" ? await lost() : lost;
  const encodedDetails =
    ref === undefined
      ? undefined
      : await readExternalError(job.engine.main, ref, {
          signal: AbortSignal.timeout(ALIVE_TIMEOUT_MS),
        }).catch(() => undefined);
  const message = job.follower.failedVertex?.error ?? error.statusMessage;
  return buildFailure(new StatusError("UNKNOWN", message, { cause: error, encodedDetails }), job.follower);
}

function isConnectionFailure({ status }: StatusError): boolean {
  return status === "UNAVAILABLE" || status === "INTERNAL";
}

async function isAlive(main: GrpcClient): Promise<boolean> {
  try {
    await main.unary(Control.method.listWorkers, {}, { timeoutMs: ALIVE_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
}

/** The status arrives on another connection than the error, and a little later. */
async function seeFailure(follower: StatusFollower): Promise<void> {
  await settledWithin(follower.vertexFailed, STATUS_WAIT_MS);
}

async function settledWithin(promise: Promise<unknown>, timeMs: number): Promise<void> {
  const waited = new AbortController();
  const quiet = promise.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([quiet, delay(timeMs, waited.signal).catch(() => undefined)]);
  waited.abort();
}

function solveRequest(ref: string, session: string): { Ref: string; Session: string; Cache: object } {
  return { Ref: ref, Session: session, Cache: {} };
}

function outputsOf(options: JobOptions) {
  const exporters = options.exporters.map(({ type, attributes }) => ({ Type: type, Attrs: { ...attributes } }));
  const [first] = exporters;
  return {
    Exporters: exporters,
    // Daemons before 0.13 know only these.
    ...(first === undefined ? {} : { ExporterDeprecated: first.Type, ExporterAttrsDeprecated: first.Attrs }),
    Entitlements: [...(options.entitlements ?? [])],
    Cache: {
      Exports: (options.cacheExports ?? []).map(({ type, attributes }) => ({ Type: type, Attrs: { ...attributes } })),
    },
  };
}
