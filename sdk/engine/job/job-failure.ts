import { isKitsmithError } from "../../core/errors.ts";
import { Control } from "../../proto/gen/control_pb.js";
import { createIdentifier } from "../../session/identifier.ts";
import type { GrpcClient } from "../../wire/grpc-client.ts";
import { StatusError } from "../../wire/status.ts";
import type { JobSession } from "../engine.ts";
import type { Transport } from "../transport.ts";
import { buildFailure, engineLost } from "./build-failure.ts";
import { readExternalError } from "./build-history.ts";
import { settledWithin } from "./settled-within.ts";
import { encodePlainBuild, type PlainBuild } from "./solve-message.ts";
import type { StatusFollower } from "./status-follower.ts";

/** The engine that a job runs on. */
export interface JobEngine {
  readonly address: string;
  readonly transport: Transport;
  /** The engine's own connection: it carries status, history and tunnelled sessions. */
  readonly main: GrpcClient;
}

/** What tells why a call of a job failed. */
export interface JobEvidence {
  readonly engine: JobEngine;
  readonly session: JobSession;
  readonly follower: StatusFollower;
  /** What names of source files are relative to. */
  readonly sourceRoot: string | undefined;
  /** The session decides on sources. */
  readonly sourcePolicy: boolean;
}

const ALIVE_TIMEOUT_MS = 10_000;
/** The status arrives on another connection than the error, and a little later. */
const STATUS_WAIT_MS = 1000;
const HISTORY_TIMEOUT_MS = 5000;
const FAIL_AGAIN_TIMEOUT_MS = 20_000;

/**
 * Translates a call's failure. Where the answer was lost on its way, since it is too long or the connection broke,
 * `recover` gets the error's details from elsewhere.
 */
export async function explainFailure(
  { engine, session, follower, sourceRoot }: JobEvidence,
  error: unknown,
  recover: () => Promise<Uint8Array | undefined>,
): Promise<unknown> {
  if (!(error instanceof StatusError)) return error;
  // If a service of ours broke the build, its own error says more than what the daemon was told.
  const own = session.failures.find((failure) => !(failure.error instanceof StatusError))?.error;
  if (isKitsmithError(own)) return own;
  const lost = mayBeLost(error);
  if (lost && !(await isAlive(engine.main))) return engineLost(engine.address, error);
  await settledWithin(follower.vertexFailed, STATUS_WAIT_MS);
  if (!lost) return buildFailure(error, follower, { cause: own, sourceRoot });
  const encodedDetails = await recover().catch(() => undefined);
  const message = follower.failedVertex?.error ?? error.statusMessage;
  return buildFailure(new StatusError("UNKNOWN", message, { cause: error, encodedDetails }), follower, {
    cause: own,
    sourceRoot,
  });
}

/** The error of a build that has ended. */
export async function recoverFromHistory(engine: JobEngine, ref: string): Promise<Uint8Array | undefined> {
  return await readExternalError(engine.main, ref, { signal: AbortSignal.timeout(HISTORY_TIMEOUT_MS) });
}

/**
 * The error of a call within a job: the same thing, run as a build without outputs, fails in the same way and leaves its
 * error in the history of builds. Steps that failed are not run again while the job is open.
 */
export async function recoverByRepeating(
  { engine, session, sourcePolicy }: JobEvidence,
  build: PlainBuild,
): Promise<Uint8Array | undefined> {
  const client = engine.transport.createClient();
  const ref = createIdentifier();
  const signal = AbortSignal.timeout(FAIL_AGAIN_TIMEOUT_MS);
  const policed = sourcePolicy ? { ...build, SourcePolicySession: session.id } : build;
  const answer = client.unary(Control.method.solve, encodePlainBuild(ref, session.id, policed), { signal });
  answer.catch(() => undefined);
  try {
    return await readExternalError(engine.main, ref, { signal, wait: true });
  } finally {
    client.close();
  }
}

/** True for the status of a call whose connection, or engine, may have gone. */
export function mayBeLost({ status }: StatusError): boolean {
  return status === "UNAVAILABLE" || status === "INTERNAL";
}

/** True if the engine answers. */
export async function isAlive(main: GrpcClient): Promise<boolean> {
  return await main.probe(ALIVE_TIMEOUT_MS).then(
    () => true,
    () => false,
  );
}
