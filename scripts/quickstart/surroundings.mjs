import { join } from "node:path";
import { register } from "tsx/esm/api";

/**
 * Starts a registry, where none is named or base images need a place, and an engine, where none is there that can use it.
 * Both go on running. Gives where to publish, where base images go, and what a release needs in its environment.
 */
export async function startSurroundings({ registry, mirror, ownEngine, signal, say }) {
  register();
  const { ownStateDirectory } = await import("../../sdk/engine/lifecycle/state-directory.ts");
  const own = registry && !mirror ? undefined : await startRegistry(ownStateDirectory(process.env), signal);
  const env = ownEngine ? await startEngine(mirror ? own : undefined, signal, say) : {};
  return { registry: registry ?? own, mirror: `http://${own}`, env };
}

async function startRegistry(stateDirectory, signal) {
  const { startOwnRegistry } = await import("../../sdk/testing/own-registry.ts");
  return (await startOwnRegistry({ directory: join(stateDirectory, "registry"), signal })).address;
}

async function startEngine(mirror, signal, say) {
  const { startOwnEngine } = await import("../../sdk/engine/lifecycle/own-engine.ts");
  const engine = await startOwnEngine({
    ...(mirror && { mirrors: { "docker.io": [mirror] } }),
    allowDistributionPackages: true,
    signal,
    onProgress: say,
  });
  return { [engine.kind === "docker" ? "DOCKER_HOST" : "BUILDKIT_HOST"]: engine.address };
}
