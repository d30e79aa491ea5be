import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RegistryAccess } from "../../sdk/engine/lifecycle/daemon-config.ts";
import { type DaemonKind, engineDirectory, startEngineDaemon } from "../../sdk/engine/lifecycle/engine-daemon.ts";
import { createScratchDirectory, removeScratchDirectory } from "./scratch-directory.ts";
import { testTools } from "./test-tools.ts";

/** A real engine with a directory of its own. Disposing it stops it and removes all that it wrote. */
export interface TestEngine extends AsyncDisposable {
  readonly kind: DaemonKind;
  /** `unix://…`, for BUILDKIT_HOST or DOCKER_HOST. */
  readonly address: string;
  readonly socket: string;
  readonly pid: number;
  readonly directory: string;
  /** All that it wrote so far. */
  log(): Promise<string>;
  /** Kills it, as a crash does; its directory stays until it is disposed. */
  kill(): void;
}

/** A standalone buildkitd. */
export async function startBuildkitd(access: RegistryAccess = {}): Promise<TestEngine> {
  return await startTestEngine("buildkit", access);
}

/** A standalone buildkitd that reaches nothing: its network has no device that is up. */
export async function startIsolatedBuildkitd(): Promise<TestEngine> {
  return await startTestEngine("buildkit", {}, {}, async (directory) => {
    const [real] = testTools().binDirectories.filter((bin) => existsSync(join(bin, "buildkitd")));
    const bin = join(directory, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "buildkitd"), `#!/bin/sh\nexec unshare --net -- "${real}/buildkitd" "$@"\n`, {
      mode: 0o755,
    });
    return bin;
  });
}

/** A dockerd with the containerd image store, without a bridge: it knows the networks `none` and `host`. */
export async function startDockerd(access: RegistryAccess = {}): Promise<TestEngine> {
  return await startTestEngine("docker", access);
}

/** A dockerd with the old image store: it can neither push by digest nor write an OCI archive. */
export async function startGraphdriverDockerd(): Promise<TestEngine> {
  return await startTestEngine("docker", {}, { features: { "containerd-snapshotter": false } });
}

async function startTestEngine(
  kind: DaemonKind,
  access: RegistryAccess,
  settings: Readonly<Record<string, unknown>> = {},
  makePrograms?: (directory: string) => Promise<string>,
): Promise<TestEngine> {
  const directory = await createScratchDirectory();
  const paths = engineDirectory(directory);
  try {
    const ownPrograms = makePrograms ? [await makePrograms(directory)] : [];
    const { pid } = await startEngineDaemon({
      ...access,
      kind,
      directory,
      settings,
      binDirectories: [...ownPrograms, ...testTools().binDirectories],
    });
    return Object.freeze({
      kind,
      address: paths.address,
      socket: paths.socket,
      pid,
      directory,
      log: () => readFile(paths.logFile, "utf8"),
      kill: () => {
        process.kill(pid, "SIGKILL");
      },
      [Symbol.asyncDispose]: () => removeScratchDirectory(directory),
    });
  } catch (error) {
    await removeScratchDirectory(directory);
    throw error;
  }
}
