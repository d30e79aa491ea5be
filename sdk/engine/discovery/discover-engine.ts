import type { Abortable } from "../../core/abort.ts";
import { EngineError, isKitsmithError } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { Engine } from "../engine.ts";
import { type EngineCandidate, findCandidates } from "./candidates.ts";
import type { Environment } from "./docker-context.ts";

/** Opens the connection to a candidate; rejects if nothing answers or what answers is too old. */
export type ConnectCandidate = (candidate: EngineCandidate, options: Abortable) => Promise<Engine>;

/** What to look for, and how. */
export interface DiscoveryOptions extends Abortable {
  readonly env: Environment;
  /** The platform that shall be built. */
  readonly platform: Platform;
  readonly connect: ConnectCandidate;
  /** Starts an engine where none is there. Default: none is started. */
  readonly startOwn?: ((options: Abortable) => Promise<Pick<EngineCandidate, "kind" | "address">>) | undefined;
  /** Exporters that the build needs: `image` to push by digest. Default none. */
  readonly exporters?: readonly string[] | undefined;
}

/** A place that was looked at, and why no engine was taken from there. */
export interface TriedEngine {
  readonly origin: string;
  readonly address?: string;
  readonly reason: string;
}

/** The engine that was found, connected. */
export interface DiscoveredEngine {
  readonly engine: Engine;
  readonly candidate: EngineCandidate;
  /** What came before it, in order. */
  readonly tried: readonly TriedEngine[];
}

const NEXT_STEPS =
  "Start docker or buildkitd; or name a running engine with BUILDKIT_HOST=unix:///path or tcp://host:port; " +
  "or let kitsmith start one of its own, as root on Linux; or build in a container of docker: engines.container(), or " +
  "--builder-name=linuxkit-builder.";

/**
 * Finds an engine for a platform: LINUXKIT_BUILDERS, the docker context `linuxkit-<os>-<arch>`, BUILDKIT_HOST, docker,
 * buildkitd's usual socket, and last one that kitsmith starts.
 *
 * @throws EngineError ENGINE_NOT_FOUND with `details.tried`; ENGINE_FEATURE_MISSING if a named engine lacks an exporter;
 * and whatever the connection to a named engine fails with: no other engine stands in for one that was asked for.
 */
export async function discoverEngine(options: DiscoveryOptions): Promise<DiscoveredEngine> {
  const tried: TriedEngine[] = [];
  for await (const finding of findCandidates(options.env, options.platform)) {
    options.signal?.throwIfAborted();
    if ("absent" in finding) {
      tried.push({ origin: finding.origin, reason: finding.absent });
      continue;
    }
    const result = await tryCandidate(finding, options);
    if (!("reason" in result)) return { engine: result, candidate: finding, tried };
    tried.push({ origin: finding.origin, address: finding.address, reason: result.reason });
  }
  return await fromOwn(options, tried);
}

async function tryCandidate(
  candidate: EngineCandidate,
  options: DiscoveryOptions,
): Promise<Engine | { readonly reason: string }> {
  try {
    const engine = await options.connect(candidate, { signal: options.signal });
    const missing = await missingExporters(engine, options);
    if (missing.length === 0) return engine;
    await engine[Symbol.asyncDispose]();
    throw featureMissing(candidate, missing);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (candidate.named || !isKitsmithError(error)) throw error;
    return { reason: error.message };
  }
}

async function fromOwn(options: DiscoveryOptions, tried: readonly TriedEngine[]): Promise<DiscoveredEngine> {
  const origin = "an engine of kitsmith's own";
  if (options.startOwn === undefined) throw notFound(options, [...tried, { origin, reason: "none is to be started" }]);
  try {
    const started = await options.startOwn({ signal: options.signal });
    const candidate: EngineCandidate = { ...started, origin, named: false };
    return { engine: await options.connect(candidate, { signal: options.signal }), candidate, tried };
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (!isKitsmithError(cause)) throw cause;
    throw notFound(options, [...tried, { origin, reason: cause.message }], cause);
  }
}

async function missingExporters(engine: Engine, options: DiscoveryOptions): Promise<readonly string[]> {
  if (options.exporters === undefined) return [];
  const info = await engine.info({ signal: options.signal });
  return options.exporters.filter((exporter) => !info.exporters.includes(exporter));
}

function featureMissing(candidate: EngineCandidate, missing: readonly string[]): EngineError {
  return new EngineError(
    "ENGINE_FEATURE_MISSING",
    `${candidate.address} (${candidate.origin}) has no exporter ${missing.join(", ")}: docker keeps its images in the old store`,
    {
      hint:
        'Set "features": { "containerd-snapshotter": true } in docker\'s daemon.json, or build in a container of it: ' +
        "engines.container(), or --builder-name=linuxkit-builder.",
      details: { exporters: missing },
    },
  );
}

function notFound(options: DiscoveryOptions, tried: readonly TriedEngine[], cause?: unknown): EngineError {
  const list = tried.map(({ origin, reason }) => `  - ${origin}: ${reason}`).join("\n");
  const platform = formatPlatform(options.platform);
  return new EngineError("ENGINE_NOT_FOUND", `no engine to build ${platform} was found; tried:\n${list}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: NEXT_STEPS,
    details: { platform, tried },
  });
}
