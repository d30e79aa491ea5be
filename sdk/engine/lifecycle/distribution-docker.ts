import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { openPrivateApt, type PrivateApt } from "./private-apt.ts";
import { runProgram } from "./program.ts";
import { createProgramDirectory } from "./program-directory.ts";

/** What is fetched, and where it goes. */
export interface DistributionDockerOptions extends Abortable {
  /** Becomes `root/` (unpacked packages) and `bin/` (programs for PATH). */
  readonly directory: string;
  /** Also the `docker` command and buildx. Default false: an engine needs neither. */
  readonly command?: boolean;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** dockerd and all that it runs, unpacked and not installed. */
export interface DistributionDocker {
  readonly version: string;
  /** For PATH: dockerd, containerd, runc… */
  readonly binDirectory: string;
}

/** The containerd image store with OCI export came with this major version. */
const OLDEST_MAJOR = 25;
/** Where the machine's own suite is too old. `own` is tried first. */
const SUITES = [undefined, "testing", "stable"];
const ENGINE_PACKAGES = ["docker.io", "containerd"];
const COMMAND_PACKAGES = ["docker-cli", "docker-buildx"];
/** Taken from the machine's own suite, with the libraries they need. */
const RUNTIME_PACKAGES = ["runc"];
const PROGRAMS = ["dockerd", "containerd", "containerd-shim-runc-v2", "docker", "docker-buildx"];

/**
 * Unpacks the distribution's docker privately: nothing is installed, no script of a package is run.
 *
 * @throws EngineError ENGINE_START_FAILED where no suite has a dockerd that is new enough and runs here.
 */
export async function unpackDistributionDocker(options: DistributionDockerOptions): Promise<DistributionDocker> {
  const tried: string[] = [];
  const own = await openPrivateApt({ directory: join(options.directory, "apt"), signal: options.signal });
  for (const suite of SUITES) {
    const apt =
      suite === undefined
        ? own
        : await openPrivateApt({ directory: join(options.directory, "apt"), suite, signal: options.signal });
    const candidate = await apt.candidate("docker.io");
    if (Number.parseInt(candidate ?? "0", 10) < OLDEST_MAJOR) {
      tried.push(`${suite ?? "own suite"}: ${candidate ?? "no docker.io"}`);
      continue;
    }
    const docker = await unpackFrom(apt, own, options);
    if (docker !== undefined) return docker;
    tried.push(`${suite ?? "own suite"}: ${candidate} does not run here`);
  }
  throw new EngineError("ENGINE_START_FAILED", `no package of dockerd ${OLDEST_MAJOR} or newer runs on this machine`, {
    hint: "Install BuildKit or docker yourself, or name a running engine with BUILDKIT_HOST.",
    details: { tried },
  });
}

async function unpackFrom(
  apt: PrivateApt,
  own: PrivateApt,
  { directory, command, signal, onProgress }: DistributionDockerOptions,
): Promise<DistributionDocker | undefined> {
  const root = join(directory, "root");
  const binDirectory = join(directory, "bin");
  const packages = command ? [...ENGINE_PACKAGES, ...COMMAND_PACKAGES] : ENGINE_PACKAGES;
  const files = await apt.unpack({ packages, dependencies: apt === own, root, signal });
  await own.unpack({ packages: RUNTIME_PACKAGES, dependencies: true, root: join(directory, "runtime"), signal });
  await createProgramDirectory(join(directory, "runtime"), binDirectory, { programs: ["runc"] });
  await createProgramDirectory(root, binDirectory, { programs: PROGRAMS });
  await rm(join(directory, "apt"), { recursive: true, force: true });
  for (const file of files) onProgress?.(`unpacked ${file}`);
  const { failed, stdout } = await runProgram([join(binDirectory, "dockerd"), "--version"], { signal });
  const version = /version ([^,\s]+)/.exec(stdout)?.[1];
  return !failed && version !== undefined ? Object.freeze({ version, binDirectory }) : undefined;
}
