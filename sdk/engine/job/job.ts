import type { Abortable } from "../../core/abort.ts";
import { type Digest, isDigest } from "../../core/digest.ts";
import { EngineError, isKitsmithError, ProtocolError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import { LLBBridge } from "../../proto/gen/gateway_pb.js";
import type { GrpcClient } from "../../wire/grpc-client.ts";
import { openContainer } from "../container/open-container.ts";
import { openFailedStep } from "../container/open-failed-step.ts";
import type {
  BuildJob,
  ExportResult,
  JobOptions,
  JobResult,
  ResolvedImage,
  ResolveOptions,
  ResultReference,
} from "../engine.ts";
import { encodeDefinition } from "./definition-message.ts";
import { failedOpOf } from "./failed-op.ts";
import { solveAttestations } from "./job-attestations.ts";
import { type JobConnection, openJobConnection } from "./job-connection.ts";
import type { JobEngine } from "./job-failure.ts";
import { createJobFiles } from "./job-files.ts";
import { decodeResult, encodeInput, encodeInputs, encodeResult, evaluateResult } from "./job-result.ts";

const ABANDON_TIMEOUT_MS = 5000;
const POLICY_CAPABILITY = "source.policy.session";

/**
 * Opens a build on an engine. Where it asks for more than others do, the engine is heard first.
 *
 * @throws BuildError if the daemon refuses the build, such as for an entitlement that it does not allow
 * @throws EngineError `ENGINE_LOST`, `ENGINE_FEATURE_MISSING` where it does not ask about sources
 */
export async function openJob(engine: JobEngine, options: JobOptions): Promise<BuildJob> {
  options.signal?.throwIfAborted();
  const connection = await openJobConnection(engine, options);
  try {
    const { sourcePolicy = false, entitlements = [] } = options;
    const capabilities = sourcePolicy || entitlements.length > 0 ? await readCapabilities(connection) : undefined;
    if (sourcePolicy && !capabilities?.has(POLICY_CAPABILITY)) throw withoutPolicy(engine.address);
    return createJob(engine, connection);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

function withoutPolicy(address: string): EngineError {
  return new EngineError("ENGINE_FEATURE_MISSING", `${address} does not ask a session about sources`, {
    hint: "Use BuildKit 0.26 or later; without it the policy would not be heeded.",
  });
}

function createJob(engine: JobEngine, connection: JobConnection): BuildJob {
  const evaluate = async (reference: ResultReference, options: Abortable = {}): Promise<void> => {
    const { definition } = reference;
    const again = definition === undefined ? undefined : { Definition: encodeDefinition(definition) };
    await connection.call(LLBBridge.method.evaluate, { Ref: reference.id }, { ...options, again });
  };
  return {
    ref: connection.ref,
    sessionId: connection.sessionId,
    capabilities: () => capabilitiesOf(engine, connection),
    async solve(request, options = {}) {
      const { input } = request;
      const again =
        input.kind === "frontend"
          ? {
              Frontend: input.frontend,
              FrontendAttrs: { ...input.options },
              FrontendInputs: encodeInputs(input.inputs),
            }
          : undefined;
      const [{ result }, attestations] = await Promise.all([
        connection.call(LLBBridge.method.solve, encodeInput(input, options.cacheImports), { ...options, again }),
        solveAttestations(connection, input, options),
      ]);
      const decoded = decodeResult(result, input, attestations);
      if (options.evaluate) await evaluateResult({ evaluate }, decoded, options);
      return decoded;
    },
    evaluate,
    resolveImage: (reference, platform, options = {}) => resolveImage(connection, reference, platform, options),
    ...createJobFiles(connection),
    openContainer: (options) => openContainer(connection, options),
    failedStep(error) {
      const failed = failedOpOf(error);
      return failed && openFailedStep(connection, failed);
    },
    finish: (result, options) => finish(connection, result, options ?? {}),
    abandon: (reason) => abandon(connection, reason),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/** What an engine can do stays the same as long as it is connected. */
const known = new WeakMap<GrpcClient, Promise<ReadonlySet<string>>>();

async function capabilitiesOf({ main }: JobEngine, connection: JobConnection): Promise<ReadonlySet<string>> {
  const others = known.get(main);
  // Where that fails, it is the failure of the job that asked.
  const told = others === undefined ? undefined : await others.catch(() => undefined);
  if (told !== undefined) return told;
  const asked = readCapabilities(connection);
  known.set(main, asked);
  asked.catch(() => known.delete(main));
  return await asked;
}

async function readCapabilities(connection: JobConnection): Promise<ReadonlySet<string>> {
  const { LLBCaps } = await connection.call(LLBBridge.method.ping, {});
  return new Set(LLBCaps.filter(({ Enabled }) => Enabled).map(({ ID }) => ID));
}

async function resolveImage(
  connection: JobConnection,
  reference: string,
  platform: Platform,
  options: ResolveOptions,
): Promise<ResolvedImage> {
  const { os: OS, architecture: Architecture, variant: Variant = "" } = platform;
  const { Digest: digest, Config: config } = await connection.call(
    LLBBridge.method.resolveImageConfig,
    {
      Ref: reference,
      Platform: { OS, Architecture, Variant },
      ResolveMode: options.resolveMode ?? "default",
      LogName: options.logName ?? `resolve image config for ${reference}`,
    },
    options,
  );
  if (!isDigest(digest)) throw new ProtocolError("WIRE_FRAME_INVALID", `the engine gave no digest for ${reference}`);
  return { digest, config };
}

async function finish(connection: JobConnection, result: JobResult, options: Abortable): Promise<ExportResult> {
  const stop = (): void => void connection.close();
  options.signal?.throwIfAborted();
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    // Return is answered before the exporters run; if it fails, Solve's error says why.
    await connection.call(LLBBridge.method.return, { result: encodeResult(result) }, options);
    const { ExporterResponse: response } = await connection.solved;
    const digest = response["containerimage.digest"];
    return Object.freeze({ ...exportedDigest(digest), response: Object.freeze({ ...response }) });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", stop);
    await connection.close();
  }
}

function exportedDigest(text: string | undefined): { readonly digest?: Digest } {
  return text !== undefined && isDigest(text) ? { digest: text } : {};
}

async function abandon(connection: JobConnection, reason: unknown): Promise<void> {
  const message = isKitsmithError(reason) ? reason.message : "the client gave up the build";
  const error = { code: 2, message };
  const signal = AbortSignal.timeout(ABANDON_TIMEOUT_MS);
  try {
    await connection.call(LLBBridge.method.return, { error }, { signal });
  } catch {
    // The build is given up in any case; closing cancels what is left of it.
  } finally {
    await connection.close();
  }
}
