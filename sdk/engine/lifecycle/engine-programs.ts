import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { EngineError, isKitsmithError } from "../../core/errors.ts";
import { unpackDistributionDocker } from "./distribution-docker.ts";
import type { DaemonKind } from "./engine-daemon.ts";
import { hasApt } from "./private-apt.ts";
import { installRelease } from "./release-download.ts";
import type { PinnedRelease } from "./release-pins.ts";
import type { Environment } from "./state-directory.ts";

/** The programs that an engine is made of. */
export interface EnginePrograms {
  readonly kind: DaemonKind;
  readonly source: "path" | "release" | "distribution";
  readonly binDirectories: readonly string[];
}

/** What may be used, in this order: programs in PATH, BuildKit's release, the distribution's packages. */
export interface EngineProgramOptions extends Abortable {
  readonly env: Environment;
  /** Where programs are kept once they were fetched. */
  readonly directory: string;
  /** For tests and the quickstart on a machine with nothing else. Default false. */
  readonly allowDistributionPackages?: boolean | undefined;
  readonly release?: PinnedRelease | undefined;
  readonly releaseServer?: string | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  arm64: "arm64",
  riscv64: "riscv64",
  s390x: "s390x",
  ppc64: "ppc64le",
};

/**
 * Finds or fetches the programs of an engine.
 *
 * @throws EngineError ENGINE_DOWNLOAD_REFUSED, or ENGINE_START_FAILED with `details.tried`.
 */
export async function findEnginePrograms(options: EngineProgramOptions): Promise<EnginePrograms> {
  const inPath = await findInPath(["buildkitd", "runc"], options.env);
  if (inPath !== undefined) return { kind: "buildkit", source: "path", binDirectories: inPath };
  try {
    const platform = `linux-${GO_ARCHITECTURES[process.arch] ?? process.arch}`;
    const bin = await installRelease({
      directory: options.directory,
      platform,
      release: options.release,
      server: options.releaseServer,
      signal: options.signal,
      onProgress: options.onProgress,
    });
    return { kind: "buildkit", source: "release", binDirectories: [bin] };
  } catch (error) {
    if (!options.allowDistributionPackages || !isKitsmithError(error)) throw error;
    return await fromDistribution(options, error);
  }
}

async function fromDistribution(options: EngineProgramOptions, cause: Error): Promise<EnginePrograms> {
  const directory = join(options.directory, "distribution-docker");
  const bin = join(directory, "bin");
  const programs: EnginePrograms = { kind: "docker", source: "distribution", binDirectories: [bin] };
  const complete = await Promise.all(["dockerd", "containerd", "runc"].map((name) => isExecutable(join(bin, name))));
  if (complete.every(Boolean)) return programs;
  if (!(await hasApt())) {
    throw new EngineError("ENGINE_START_FAILED", "there is no buildkitd, no release to download, and no apt", {
      cause,
      hint: "Install BuildKit or docker, or name a running engine with BUILDKIT_HOST.",
      details: { tried: ["buildkitd and runc in PATH", cause.message, "the distribution's packages: no apt"] },
    });
  }
  options.onProgress?.("Fetching the distribution's dockerd and containerd (about 50 MB, unpacked privately)");
  await unpackDistributionDocker({ directory, signal: options.signal, onProgress: options.onProgress });
  return programs;
}

/** The directories of PATH that hold the programs, or undefined if one is missing. */
async function findInPath(names: readonly string[], env: Environment): Promise<readonly string[] | undefined> {
  const directories = [...(env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"].filter((path) => path !== "");
  const found: string[] = [];
  for (const name of names) {
    const usable = await Promise.all(directories.map((directory) => isExecutable(join(directory, name))));
    const first = directories[usable.indexOf(true)];
    if (first === undefined) return undefined;
    found.push(first);
  }
  return [...new Set(found)];
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
