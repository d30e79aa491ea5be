import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { type Abortable, anySignal, delay, raceAbort } from "../core/abort.ts";
import { isKitsmithError } from "../core/errors.ts";
import { formatPlatform } from "../core/platform.ts";
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
/** The status arrives on another connection than the error, and a little later. */
const STATUS_WAIT_MS = 1000;
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
  const follower = followStatus(engine.main, ref, options.onStatus);
  const canceled = new AbortController();
  const request = { ...solveRequest(ref, session.id), ...outputsOf(options) };
  const answer = solveClient.unary(Control.method.solve, request, {
    signal: canceled.signal,
    watch: { soon: follower.vertexFailed },
  });
  answer.catch(() => undefined);
  const job: JobParts = { engine, session, follower, ref, bridge: engine.transport.createClient() };

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= (async () => {
      options.signal?.removeEventListener("abort", closeQuietly);
      canceled.abort();
      await settledWithin(answer, CANCEL_WAIT_MS);
      await follower.drain();
      await session[Symbol.asyncDispose]();
      job.bridge.close();
      solveClient.close();
    })();
    return closing;
  };
  const closeQuietly = (): void => void close();
  options.signal?.addEventListener("abort", closeQuietly, { once: true });

  const solved = answer.catch(async (error: unknown) => {
    options.signal?.throwIfAborted();
    throw await explain(job, error, () =>
      readExternalError(engine.main, ref, { signal: AbortSignal.timeout(ALIVE_TIMEOUT_MS) }),
    );
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
  readonly ref: string;
  /** Replaced after it went deaf. */
  bridge: GrpcClient;
}

async function callBridge<I extends DescMessage, O extends DescMessage>(
  job: JobParts,
  solved: Promise<SolveResponse>,
  method: DescMethodUnary<I, O>,
  message: MessageInitShape<I>,
  signal: AbortSignal | undefined,
  again: PlainBuild | undefined,
): Promise<MessageShape<O>> {
  const over = new AbortController();
  // If Solve ends first, it knows better why than the call that hangs on it.
  solved.then(
    () => over.abort(),
    (error) => over.abort(error),
  );
  const headers = { [BUILD_ID_HEADER]: job.ref };
  const answer = job.bridge.unary(method, message, { signal, headers, watch: { soon: job.follower.vertexFailed } });
  try {
    return await raceAbort(answer, over.signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (over.signal.aborted) throw over.signal.reason;
    throw await explain(job, error, () => {
      job.bridge.close();
      job.bridge = job.engine.transport.createClient();
      return again === undefined ? Promise.resolve(undefined) : failAgain(job, again);
    });
  }
}

/**
 * The error of a call whose answer is lost: the same thing, run as a build without outputs, fails in the same way and
 * leaves its error in the history of builds. Steps that failed are not run again while the job is open.
 */
async function failAgain(job: JobParts, build: PlainBuild): Promise<Uint8Array | undefined> {
  const { main, transport } = job.engine;
  const client = transport.createClient();
  const ref = createIdentifier();
  const signal = AbortSignal.timeout(DIAGNOSIS_TIMEOUT_MS);
  const answer = client.unary(Control.method.solve, { ...solveRequest(ref, job.session.id), ...build }, { signal });
  answer.catch(() => undefined);
  try {
    return await readExternalError(main, ref, { signal, wait: true });
  } finally {
    client.close();
  }
}

/** Translates a call's failure; `recover` gets the error's details where the answer was lost on the way. */
async function explain(
  job: JobParts,
  error: unknown,
  recover: () => Promise<Uint8Array | undefined>,
): Promise<unknown> {
  if (!(error instanceof StatusError)) return error;
  const cause = job.session.failures.find((failure) => !(failure.error instanceof StatusError))?.error;
  if (isKitsmithError(cause)) return cause;
  const lost = error.status === "UNAVAILABLE" || error.status === "INTERNAL";
  if (lost && !(await isAlive(job.engine.main))) return engineLost(job.engine.address, error);
  await settledWithin(job.follower.vertexFailed, STATUS_WAIT_MS);
  if (!lost) return buildFailure(error, job.follower);
  const encodedDetails = await recover().catch(() => undefined);
  const message = job.follower.failedVertex?.error ?? error.statusMessage;
  return buildFailure(new StatusError("UNKNOWN", message, { cause: error, encodedDetails }), job.follower);
}

async function isAlive(main: GrpcClient): Promise<boolean> {
  try {
    await main.unary(Control.method.listWorkers, {}, { timeoutMs: ALIVE_TIMEOUT_MS });
    return true;
  } catch {
    return false;
  }
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
    ...(options.platform === undefined ? {} : { FrontendAttrs: { platform: formatPlatform(options.platform) } }),
    Entitlements: [...(options.entitlements ?? [])],
    Cache: {
      Exports: (options.cacheExports ?? []).map(({ type, attributes }) => ({ Type: type, Attrs: { ...attributes } })),
    },
  };
}
