import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { ownStateDirectory } from "../../engine/lifecycle/state-directory.ts";
import { type OwnRegistry, startOwnRegistry, stopOwnRegistry } from "../../testing/own-registry.ts";

/** Where the embedded registry of this machine's user keeps what it holds. */
export function embeddedRegistryDirectory(): string {
  return join(ownStateDirectory(process.env), "registry");
}

/**
 * Starts the embedded registry, or finds it running. It goes on when this process ends, and its port stays the same.
 *
 * @throws EngineError `ENGINE_START_FAILED`
 */
export async function startEmbeddedRegistry(
  options: Abortable & { readonly port?: number } = {},
): Promise<OwnRegistry> {
  return await startOwnRegistry({ directory: embeddedRegistryDirectory(), ...options });
}

/** Stops the embedded registry; what it holds stays. True if it ran. */
export async function stopEmbeddedRegistry(): Promise<boolean> {
  return await stopOwnRegistry(embeddedRegistryDirectory());
}
