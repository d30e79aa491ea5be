import { createHash } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { canonicalJson } from "../../core/json.ts";
import { isLoopbackHost, type RegistryAccess } from "./daemon-config.ts";
import { ensureEmulation } from "./emulation.ts";
import {
  type DaemonKind,
  doesEngineAnswer,
  engineDirectory,
  startEngineDaemon,
  stopEngineDaemon,
} from "./engine-daemon.ts";
import { findEnginePrograms } from "./engine-programs.ts";
import { isRunning, readProcessRecord } from "./process-record.ts";
import type { PinnedRelease } from "./release-pins.ts";
import { withStartLock } from "./start-lock.ts";
import { type Environment, ownStateDirectory } from "./state-directory.ts";

/** How kitsmith comes by an engine of its own. */
export interface OwnEngineOptions extends RegistryAccess, Abortable {
  /** Default: {@link ownStateDirectory}. */
  readonly stateDirectory?: string | undefined;
  /** Default: the environment of this process. */
  readonly env?: Environment | undefined;
  /** For tests and the quickstart: use the distribution's docker, unpacked privately. Default false. */
  readonly allowDistributionPackages?: boolean | undefined;
  /** OCI architectures that the engine shall emulate. Default none. */
  readonly emulate?: readonly string[] | undefined;
  /** Agreement to system-wide changes; the only one is to register emulators. Default false. */
  readonly yes?: boolean | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
  /** Another release than the pinned one, and another server to get it from. */
  readonly release?: PinnedRelease | undefined;
  readonly releaseServer?: string | undefined;
}

/** An engine that kitsmith started, now or in an earlier run. It goes on running until it is stopped. */
export interface OwnEngine {
  /** Unique in the state directory. */
  readonly id: string;
  readonly kind: DaemonKind;
  /** `unix://…` */
  readonly address: string;
  readonly directory: string;
  readonly pid: number;
  /** True if it ran already. */
  readonly reused: boolean;
  /** Networks that a build's steps can have: dockerd without a bridge has no `sandbox`. */
  readonly networkModes: readonly ("none" | "host" | "sandbox")[];
}

const NETWORK_MODES: Readonly<Record<DaemonKind, OwnEngine["networkModes"]>> = {
  buildkit: ["none", "host", "sandbox"],
  docker: ["none", "host"],
};

/**
 * The engine of the state directory: the one that runs, else one that is started. Two runs never start two.
 *
 * @throws EngineError ENGINE_START_FAILED, ENGINE_DOWNLOAD_REFUSED.
 */
export async function startOwnEngine(options: OwnEngineOptions = {}): Promise<OwnEngine> {
  const env = options.env ?? process.env;
  const stateDirectory = options.stateDirectory ?? ownStateDirectory(env);
  const access = accessOf(options);
  return await withStartLock(
    stateDirectory,
    async () => {
      requireRoot();
      const changed = await emulate(stateDirectory, options);
      const running = await findRunning(stateDirectory, access);
      if (running !== undefined && !changed) return running;
      // Engines read the table of emulators when they start.
      if (running !== undefined) await stopEngineDaemon(running.directory);
      return await startNew(stateDirectory, access, { ...options, env });
    },
    options,
  );
}

/** The engines of the state directory that run. */
export async function listOwnEngines(stateDirectory: string): Promise<readonly OwnEngine[]> {
  const engines = await Promise.all((await engineIds(stateDirectory)).map((id) => describe(stateDirectory, id)));
  return engines.filter((engine) => engine !== undefined);
}

/**
 * Stops the engines of the state directory, or one of them. Their caches stay, unless they are to be removed.
 * Returns the ids of those that ran.
 */
export async function stopOwnEngine(
  stateDirectory: string,
  { id, removeData, signal }: Abortable & { readonly id?: string | undefined; readonly removeData?: boolean } = {},
): Promise<readonly string[]> {
  return await withStartLock(
    stateDirectory,
    async () => {
      const stopped: string[] = [];
      for (const candidate of await engineIds(stateDirectory)) {
        if (id !== undefined && candidate !== id) continue;
        const directory = join(enginesDirectory(stateDirectory), candidate);
        if (await stopEngineDaemon(directory)) stopped.push(candidate);
        if (removeData) await rm(directory, { recursive: true, force: true });
      }
      return stopped;
    },
    { signal },
  );
}

async function startNew(
  stateDirectory: string,
  access: RegistryAccess,
  options: OwnEngineOptions & { readonly env: Environment },
): Promise<OwnEngine> {
  const programs = await findEnginePrograms({ ...options, directory: join(stateDirectory, "programs") });
  const id = engineId(programs.kind, access);
  const directory = join(enginesDirectory(stateDirectory), id);
  await mkdir(directory, { recursive: true, mode: 0o711 });
  options.onProgress?.(`Starting ${programs.kind === "docker" ? "dockerd" : "buildkitd"} in ${directory}`);
  const { pid } = await startEngineDaemon({
    ...access,
    kind: programs.kind,
    directory,
    binDirectories: programs.binDirectories,
    signal: options.signal,
  });
  return describeRunning(directory, id, programs.kind, pid, false);
}

async function findRunning(stateDirectory: string, access: RegistryAccess): Promise<OwnEngine | undefined> {
  for (const kind of ["buildkit", "docker"] as const) {
    const engine = await describe(stateDirectory, engineId(kind, access));
    if (engine !== undefined) return engine;
  }
  return undefined;
}

async function describe(stateDirectory: string, id: string): Promise<OwnEngine | undefined> {
  const directory = join(enginesDirectory(stateDirectory), id);
  const kind: DaemonKind = id.startsWith("docker") ? "docker" : "buildkit";
  const record = await readProcessRecord(engineDirectory(directory).recordFile);
  if (record === undefined || !(await isRunning(record)) || !(await doesEngineAnswer(directory, kind)))
    return undefined;
  return describeRunning(directory, id, kind, record.pid, true);
}

function describeRunning(directory: string, id: string, kind: DaemonKind, pid: number, reused: boolean): OwnEngine {
  const { address } = engineDirectory(directory);
  return Object.freeze({ id, kind, address, directory, pid, reused, networkModes: NETWORK_MODES[kind] });
}

async function emulate(stateDirectory: string, options: OwnEngineOptions): Promise<boolean> {
  if (options.emulate === undefined) return false;
  const directory = join(stateDirectory, "programs");
  const { registered } = await ensureEmulation({ ...options, directory, architectures: options.emulate });
  return registered.length > 0;
}

async function engineIds(stateDirectory: string): Promise<readonly string[]> {
  return (await readdir(enginesDirectory(stateDirectory)).catch(() => [])).sort();
}

function enginesDirectory(stateDirectory: string): string {
  return join(stateDirectory, "engines");
}

/** Engines that reach registries in different ways are different engines: none is restarted under another run. */
function engineId(kind: DaemonKind, access: RegistryAccess): string {
  const text = canonicalJson(access);
  return text === "{}" ? kind : `${kind}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

/** Registries on the loopback address need no mention: engines reach them by http anyway. */
function accessOf({ registries = [], mirrors = {}, certificateFiles = [] }: RegistryAccess): RegistryAccess {
  const named = registries.filter((host) => !isLoopbackHost(host)).sort();
  return {
    ...(named.length === 0 ? {} : { registries: named }),
    ...(Object.keys(mirrors).length === 0 ? {} : { mirrors }),
    ...(certificateFiles.length === 0 ? {} : { certificateFiles }),
  };
}

function requireRoot(): void {
  if (process.platform === "linux" && process.getuid?.() === 0) return;
  const linux = process.platform === "linux";
  throw new EngineError("ENGINE_START_FAILED", `an engine of kitsmith's own needs ${linux ? "root" : "Linux"}`, {
    hint: linux
      ? "Run as root, or start a rootless buildkitd or docker yourself and name it with BUILDKIT_HOST or DOCKER_HOST."
      : "Start Docker or another machine with BuildKit, and name it with DOCKER_HOST or BUILDKIT_HOST.",
  });
}
