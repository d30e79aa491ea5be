import type { TestProject } from "vitest/node";
import { startDockerRegistry } from "./docker-registry.ts";
import { installTestTools } from "./install.ts";
import { removeAbandonedDirectories } from "./scratch-directory.ts";
import { startBuildkitd, startDockerd } from "./test-engine.ts";

declare module "vitest" {
  /** What integration tests get by `inject("buildkitAddress")`. */
  export interface ProvidedContext {
    /** A standalone buildkitd that all tests of the run share. */
    readonly buildkitAddress: string;
    /** A dockerd with the containerd image store that all tests of the run share. */
    readonly dockerAddress: string;
    /** `127.0.0.1:port` of a registry that all tests of the run share: use names of your own. */
    readonly registryHost: string;
  }
}

const started: AsyncDisposable[] = [];

/** Installs what is missing, and starts the engines and the registry of this run. */
export async function setup(project: TestProject): Promise<void> {
  await removeAbandonedDirectories();
  await installTestTools({ onProgress: (line) => console.error(line) });
  try {
    const registry = await startDockerRegistry();
    started.push(registry);
    const buildkit = await startBuildkitd();
    started.push(buildkit);
    const docker = await startDockerd();
    started.push(docker);
    project.provide("registryHost", registry.host);
    project.provide("buildkitAddress", buildkit.address);
    project.provide("dockerAddress", docker.address);
  } catch (error) {
    await teardown();
    throw error;
  }
}

/** Stops them. */
export async function teardown(): Promise<void> {
  for (const resource of started.splice(0).reverse()) await resource[Symbol.asyncDispose]();
}
