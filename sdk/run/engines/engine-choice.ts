import { EngineError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import type { RegistrySettings } from "../../credentials/registry-policy.ts";
import type { EnsuredBuilders } from "../../engine/builder/builder-engine.ts";
import { connectEngine } from "../../engine/connect-engine.ts";
import {
  contextCandidate,
  dockerCandidate,
  type EngineCandidate,
  hostCandidate,
} from "../../engine/discovery/candidates.ts";
import { discoverEngine } from "../../engine/discovery/discover-engine.ts";
import type { Engine } from "../../engine/engine.ts";
import type { RunContext } from "../run.ts";
import { engineAccess } from "./engine-registries.ts";
import type { EngineChoice } from "./engine-selection.ts";

/** An engine that was connected to. */
export interface OpenedEngine {
  readonly engine: Engine;
  /** What network steps get that ask for one: our own dockerd has no bridge, so that nothing of the machine changes. */
  readonly sandboxNetwork: "sandbox" | "host";
}

/** What a run knows when it opens an engine. */
export interface EngineSurroundings {
  readonly context: RunContext;
  /** Default: docker's credentials, and nothing else. */
  readonly registries?: RegistrySettings | undefined;
  /** What the run has seen to. */
  readonly ensured: EnsuredBuilders;
}

/**
 * Connects to what was chosen; where nothing was named, to what is found on this machine, else to an engine that is
 * started.
 *
 * @throws EngineError `ENGINE_NOT_FOUND`, `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`, `ENGINE_FEATURE_MISSING`, and of a container
 * `ENGINE_START_FAILED`, `ENGINE_IMAGE_UNAVAILABLE`, `ENGINE_CONTAINER_TAKEN`
 */
export async function openEngine(
  choice: EngineChoice,
  platform: Platform,
  { context, registries = {}, ensured }: EngineSurroundings,
): Promise<OpenedEngine> {
  const engine = await open();
  return { engine, sandboxNetwork: await sandboxNetworkOf(engine) };

  async function open(): Promise<Engine> {
    if (choice.kind === "local") return await discover(platform, registries, context);
    if (choice.kind !== "container") return await connectNamed(choice, context);
    const { openContainerEngine } = await import("./container-engine.ts");
    return await openContainerEngine(choice, platform, { context, registries, ensured });
  }
}

async function connectNamed(
  choice: Extract<EngineChoice, { kind: "address" | "docker" }>,
  context: RunContext,
): Promise<Engine> {
  if (choice.kind === "docker") return await connect(await dockerChoice(choice), context);
  const { address, tls } = choice;
  const named = { origin: "engines()", kind: "buildkit", address, named: true, ...(tls ? { tls } : {}) } as const;
  return await connect(named, context);
}

async function dockerChoice({ host, context }: { readonly host?: string; readonly context?: string }) {
  const origin = "engines.docker()";
  if (context !== undefined) return await contextCandidate(process.env, context, origin);
  if (host !== undefined) return await hostCandidate(process.env, host, origin);
  const found = await dockerCandidate(process.env);
  if (!("absent" in found)) return found;
  throw new EngineError("ENGINE_NOT_FOUND", `there is no docker: ${found.absent}`, {
    hint: "Start docker, set DOCKER_HOST, or name another engine.",
    details: { tried: [{ origin, reason: found.absent }] },
  });
}

async function connect(candidate: EngineCandidate, { signal }: Pick<RunContext, "signal">): Promise<Engine> {
  const { kind, address, tls } = candidate;
  return await connectEngine(address, { kind, signal, ...(tls ? { tls } : {}) });
}

async function discover(
  platform: Platform,
  registries: RegistrySettings,
  { signal, emit }: RunContext,
): Promise<Engine> {
  const { engine } = await discoverEngine({
    env: process.env,
    platform,
    signal,
    exporters: ["image", "oci"],
    connect: (candidate, options) => connect(candidate, { signal: options.signal ?? signal }),
    startOwn: async (options) => {
      const { startOwnEngine } = await import("../../engine/lifecycle/own-engine.ts");
      const report = (detail: string) => emit({ type: "engine.starting", at: Date.now(), address: "own", detail });
      const { kind, address } = await startOwnEngine({ ...options, ...engineAccess(registries), onProgress: report });
      emit({ type: "engine.ready", at: Date.now(), address, detail: "an engine of kitsmith's own" });
      return { kind, address };
    },
  });
  return engine;
}

async function sandboxNetworkOf(engine: Engine): Promise<OpenedEngine["sandboxNetwork"]> {
  if (engine.kind !== "docker") return "sandbox";
  const { listOwnEngines } = await import("../../engine/lifecycle/own-engine.ts");
  const { ownStateDirectory } = await import("../../engine/lifecycle/state-directory.ts");
  const own = await listOwnEngines(ownStateDirectory(process.env));
  const modes = own.find(({ address }) => address === engine.address)?.networkModes;
  return modes === undefined || modes.includes("sandbox") ? "sandbox" : "host";
}
