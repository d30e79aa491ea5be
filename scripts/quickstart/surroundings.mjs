import { join } from "node:path";
import { register } from "tsx/esm/api";
import { pushLayout } from "../../examples/base-images/base-images.mjs";

/**
 * A registry to publish to, with the base images in it where there are some, and an engine that knows it where one has to
 * be started. Both go on running. Gives the registry's address, and what a release needs in its environment.
 */
export async function prepareSurroundings({ registry, layout, ownEngine, signal, say }) {
  register();
  const { ownStateDirectory } = await import("../../sdk/engine/lifecycle/state-directory.ts");
  const own = registry && !layout ? undefined : await startRegistry(ownStateDirectory(process.env), signal);
  if (layout) await pushLayout(layout, `http://${own}`, { signal });
  const env = ownEngine ? await startEngine(layout ? own : undefined, signal, say) : {};
  return { registry: registry ?? own, env };
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
