import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Starts a registry, where none is named or base images need a place, and an engine, where none is there that can use it.
 * Both go on running. Gives where to publish, where base images go, what a release needs in its environment, and what
 * to tell about the things that go on.
 */
export async function startSurroundings({ sdk, registry, mirror, ownEngine, signal, say }) {
  const ownRegistry = registry && !mirror ? undefined : await startRegistry(sdk, signal);
  const engine = ownEngine ? await startEngine(sdk, mirror ? ownRegistry : undefined, signal, say) : undefined;
  return {
    registry: registry ?? ownRegistry,
    mirror: `http://${ownRegistry}`,
    env: engine ? { [engine.kind === "docker" ? "DOCKER_HOST" : "BUILDKIT_HOST"]: engine.address } : {},
    goesOn: [
      ...(ownRegistry ? ["the registry goes on running; `npm run kitsmith -- registry stop` ends it"] : []),
      ...(engine ? ["the engine goes on running; `npm run kitsmith -- engine stop` ends it"] : []),
    ],
  };
}

async function startRegistry(sdk, signal) {
  const { startEmbeddedRegistry } = await load(sdk, "embedded-registry");
  return (await startEmbeddedRegistry({ signal })).address;
}

async function startEngine(sdk, mirror, signal, say) {
  const { startOwnEngine } = await load(sdk, "own-engine");
  return await startOwnEngine({
    ...(mirror && { mirrors: { "docker.io": [mirror] } }),
    allowDistributionPackages: true,
    signal,
    onProgress: say,
  });
}

async function load(sdk, name) {
  return await import(pathToFileURL(join(sdk, `${name}.js`)).href);
}
