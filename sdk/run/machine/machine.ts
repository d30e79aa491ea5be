import type { Abortable } from "../../core/abort.ts";
import type { OwnEngine } from "../../engine/lifecycle/own-engine.ts";
import type { OwnRegistry } from "../../testing/own-registry.ts";
import type { StopEnginesOptions } from "../engines/own-engines.ts";
import type { Finding } from "./diagnosis.ts";

// What these need is loaded when they are called: most scripts never do.

/** The engines that kitsmith started on this machine and that run. */
export async function listEngines(): Promise<readonly OwnEngine[]> {
  return await (await import("../engines/own-engines.ts")).listEngines();
}

/** Stops engines that kitsmith started, and gives back the ids of those that ran. Others are never touched. */
export async function stopEngines(options: StopEnginesOptions = {}): Promise<readonly string[]> {
  return await (await import("../engines/own-engines.ts")).stopEngines(options);
}

/**
 * Starts the embedded registry, or finds it running. It goes on when this process ends, and its port stays the same.
 *
 * @throws EngineError `ENGINE_START_FAILED`
 */
export async function startEmbeddedRegistry(
  options: Abortable & { readonly port?: number } = {},
): Promise<OwnRegistry> {
  return await (await import("./embedded-registry.ts")).startEmbeddedRegistry(options);
}

/** Stops the embedded registry; what it holds stays. True if it ran. */
export async function stopEmbeddedRegistry(): Promise<boolean> {
  return await (await import("./embedded-registry.ts")).stopEmbeddedRegistry();
}

/** Looks at what kitsmith needs on this machine. Nothing is started. */
export async function diagnose(options: Abortable = {}): Promise<readonly Finding[]> {
  return await (await import("./diagnosis.ts")).diagnose(options);
}
