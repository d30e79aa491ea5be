import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { childEnvironment } from "./child-environment.ts";
import { killProcessesRootedBelow } from "./container-processes.ts";
import { startDaemon } from "./daemon.ts";
import { type DaemonPaths, formatBuildkitdConfig, formatDockerdConfig, type RegistryAccess } from "./daemon-config.ts";
import { unmountBelow } from "./mounts.ts";
import { type ProcessRecord, readProcessRecord, stopProcess, writeProcessRecord } from "./process-record.ts";
import { acceptsConnections, answersDockerPing } from "./socket-probe.ts";

/** Which of the two programs. */
export type DaemonKind = "buildkit" | "docker";

/** An engine to be run from a directory that belongs to it alone. */
export interface EngineDaemonOptions extends RegistryAccess, Abortable {
  readonly kind: DaemonKind;
  readonly directory: string;
  /** Where its programs lie; searched before PATH. */
  readonly binDirectories: readonly string[];
  /** Further settings of dockerd, as its daemon.json names them. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Where the things of an engine's directory are. */
export interface EngineDirectory extends DaemonPaths {
  readonly config: string;
  readonly logFile: string;
  /** Who runs: the process's number with the time of its start. */
  readonly recordFile: string;
  readonly address: string;
}

const STOP_GRACE_MS = 10_000;
/** A unix socket's path has at most 107 bytes, and dockerd appends up to 45 to its runtime directory. */
const LONGEST_RUNTIME_PATH = 60;

/** The layout of an engine's directory. Sockets lie elsewhere if the directory's path is too long for them. */
export function engineDirectory(directory: string): EngineDirectory {
  const inside = join(directory, "run");
  const short = createHash("sha256").update(directory).digest("hex").slice(0, 16);
  const runtime = Buffer.byteLength(inside) <= LONGEST_RUNTIME_PATH ? inside : join("/run/kitsmith", short);
  const socket = join(runtime, "engine.sock");
  return Object.freeze({
    root: join(directory, "data"),
    runtime,
    socket,
    pidFile: join(runtime, "engine.pid"),
    config: join(directory, "config"),
    logFile: join(directory, "engine.log"),
    recordFile: join(directory, "process.json"),
    address: `unix://${socket}`,
  });
}

/**
 * Starts an engine that keeps running after this process; one that ran from the directory is stopped. It writes to its directory and changes nothing of the machine.
 *
 * @throws EngineError ENGINE_START_FAILED with the end of the engine's log.
 */
export async function startEngineDaemon(options: EngineDaemonOptions): Promise<ProcessRecord> {
  const paths = engineDirectory(options.directory);
  // What an engine that crashed left: mounts, sockets, the number of a process that is gone.
  await stopEngineDaemon(options.directory);
  await rm(paths.runtime, { recursive: true, force: true });
  await mkdir(paths.root, { recursive: true, mode: 0o711 });
  await mkdir(paths.runtime, { recursive: true, mode: 0o700 });
  const docker = options.kind === "docker";
  await writeFile(
    paths.config,
    docker ? formatDockerdConfig(paths, options, options.settings) : formatBuildkitdConfig(paths, options),
  );
  try {
    return await startDaemon({
      name: docker ? "dockerd" : "buildkitd",
      command: docker
        ? ["dockerd", "--config-file", paths.config]
        : ["buildkitd", "--config", paths.config, "--otel-socket-path", join(paths.runtime, "otel.sock")],
      environment: childEnvironment({
        PATH: searchPath(options.binDirectories),
        ...(await trustedCertificates(options)),
      }),
      logFile: paths.logFile,
      isReady: () => (docker ? answersDockerPing(paths.socket) : acceptsConnections(paths.socket)),
      signal: options.signal,
      onStarted: (record) => writeProcessRecord(paths.recordFile, record),
    });
  } catch (error) {
    await unmountBelow(options.directory);
    throw error;
  }
}

/** Go's programs read this file, and the machine's directory of certificates besides. */
async function trustedCertificates({
  certificateFiles = [],
  directory,
}: EngineDaemonOptions): Promise<Readonly<Record<string, string>>> {
  if (certificateFiles.length === 0) return {};
  const inherited = process.env.SSL_CERT_FILE ? [process.env.SSL_CERT_FILE] : [];
  const texts = await Promise.all([...inherited, ...certificateFiles].map(readCertificates));
  const path = join(directory, "certificates.pem");
  await writeFile(path, texts.join("\n"));
  return { SSL_CERT_FILE: path };
}

async function readCertificates(file: string): Promise<string> {
  return await readFile(file, "utf8").catch((cause: unknown) => {
    throw new EngineError("ENGINE_START_FAILED", `the certificate file ${file} cannot be read`, { cause });
  });
}

/** True if an engine answers on the directory's socket. */
export async function doesEngineAnswer(directory: string, kind: DaemonKind): Promise<boolean> {
  const { socket } = engineDirectory(directory);
  return kind === "docker" ? await answersDockerPing(socket) : await acceptsConnections(socket);
}

/** Stops the engine of the directory, if it runs, with the steps that it runs, and unmounts what it left. Its data stays. */
export async function stopEngineDaemon(directory: string): Promise<boolean> {
  const paths = engineDirectory(directory);
  const record = await readProcessRecord(paths.recordFile);
  // Its steps go first: an engine waits for the builds that run before it ends.
  await killProcessesRootedBelow(paths.root);
  const stopped = record !== undefined && (await stopProcess(record, STOP_GRACE_MS));
  await killProcessesRootedBelow(paths.root);
  await unmountBelow(directory);
  await unmountBelow(paths.runtime);
  return stopped;
}

function searchPath(binDirectories: readonly string[]): string {
  const inherited = process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin";
  return [...binDirectories, inherited, "/usr/sbin", "/sbin"].join(":");
}
