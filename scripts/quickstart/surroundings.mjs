import { register } from "tsx/esm/api";

/**
 * Starts a registry, where none is named or base images need a place, and an engine, where none is there that can use it.
 * Both go on running. Gives where to publish, where base images go, what a release needs in its environment, and what
 * to tell about the things that go on.
 */
export async function startSurroundings({ registry, mirror, ownEngine, signal, say }) {
  register();
  const ownRegistry = registry && !mirror ? undefined : await startRegistry(signal);
  const engine = ownEngine ? await startEngine(mirror ? ownRegistry : undefined, signal, say) : undefined;
  return {
    registry: registry ?? ownRegistry,
    mirror: `http://${ownRegistry}`,
    env: engine ? { [engine.kind === "docker" ? "DOCKER_HOST" : "BUILDKIT_HOST"]: engine.address } : {},
    goesOn: [
      ...(ownRegistry ? ["the registry goes on running; `npx tsx sdk/cli/main.ts registry stop` ends it"] : []),
      ...(engine ? ["the engine goes on running; `npx tsx sdk/cli/main.ts engine stop` ends it"] : []),
    ],
  };
}

async function startRegistry(signal) {
  const { startEmbeddedRegistry } = await import("../../sdk/run/embedded-registry.ts");
  return (await startEmbeddedRegistry({ signal })).address;
}

async function startEngine(mirror, signal, say) {
  const { startOwnEngine } = await import("../../sdk/engine/lifecycle/own-engine.ts");
  return await startOwnEngine({
    ...(mirror && { mirrors: { "docker.io": [mirror] } }),
    allowDistributionPackages: true,
    signal,
    onProgress: say,
  });
}
