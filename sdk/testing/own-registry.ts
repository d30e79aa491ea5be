import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Abortable } from "../core/abort.ts";
import { isRecord } from "../core/json.ts";
import { childEnvironment } from "../engine/lifecycle/child-environment.ts";
import { startDaemon } from "../engine/lifecycle/daemon.ts";
import { isRunning, readProcessRecord, stopProcess, writeProcessRecord } from "../engine/lifecycle/process-record.ts";
import { withStartLock } from "../engine/lifecycle/start-lock.ts";
import { REGISTRY_LOG, REGISTRY_PORT, REGISTRY_PROCESS } from "./registry-files.ts";

/** A registry that runs on its own. */
export interface OwnRegistry {
  /** Host and port, as they stand in image references. */
  readonly address: string;
  readonly port: number;
}

/** Where it keeps its things and how it is reached. */
export interface OwnRegistryOptions extends Abortable {
  /** What it holds, its port and its log; it belongs to this registry alone. */
  readonly directory: string;
  /** Default: the one that it had, or at first one that is free. */
  readonly port?: number | undefined;
}

const HOST = "127.0.0.1";
const STOP_GRACE_MS = 5_000;
const ANSWER_LIMIT_MS = 2_000;

/**
 * Starts the registry of a directory as a process that goes on when this one ends, or finds it running. Its port stays the
 * same, so that references to it do.
 *
 * @throws EngineError `ENGINE_START_FAILED` with the end of its log, for instance if another program has its port
 */
export async function startOwnRegistry(options: OwnRegistryOptions): Promise<OwnRegistry> {
  const { directory, signal } = options;
  await mkdir(directory, { recursive: true });
  return await withStartLock(
    `registry ${directory}`,
    async () => {
      const running = await findOwnRegistry(directory);
      if (running !== undefined && (options.port ?? running.port) === running.port) return running;
      await stopOwnRegistry(directory);
      const port = options.port ?? (await readPort(directory))?.port ?? 0;
      return await launch(directory, port, signal);
    },
    { signal },
  );
}

/** The registry of a directory, if it runs and answers. */
export async function findOwnRegistry(directory: string): Promise<OwnRegistry | undefined> {
  const record = await readProcessRecord(join(directory, REGISTRY_PROCESS));
  if (record === undefined || !(await isRunning(record))) return undefined;
  const said = await readPort(directory);
  return said?.pid === record.pid && (await answers(said.port)) ? registryAt(said.port) : undefined;
}

/** Stops the registry of a directory; what it holds stays. True if it ran. */
export async function stopOwnRegistry(directory: string): Promise<boolean> {
  const record = await readProcessRecord(join(directory, REGISTRY_PROCESS));
  return record !== undefined && (await stopProcess(record, STOP_GRACE_MS));
}

async function launch(directory: string, port: number, signal: AbortSignal | undefined): Promise<OwnRegistry> {
  const record = await startDaemon({
    name: "the registry",
    command: [process.execPath, ...programArguments(), directory, String(port)],
    environment: childEnvironment(),
    logFile: join(directory, REGISTRY_LOG),
    isReady: async () => (await findOwnRegistry(directory)) !== undefined,
    onStarted: (started) => writeProcessRecord(join(directory, REGISTRY_PROCESS), started),
    signal,
  });
  const said = await readPort(directory);
  return registryAt(said?.pid === record.pid ? said.port : port);
}

/** The program lies beside this module, built or, in a checkout, as source, which tsx runs. */
function programArguments(): readonly string[] {
  if (!import.meta.url.endsWith(".ts")) return [fileURLToPath(new URL("./registry-process.js", import.meta.url))];
  const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
  return ["--import", loader, fileURLToPath(new URL("./registry-process.ts", import.meta.url))];
}

async function readPort(directory: string): Promise<{ readonly pid: number; readonly port: number } | undefined> {
  const text = await readFile(join(directory, REGISTRY_PORT), "utf8").catch(() => "");
  const value = parseJson(text);
  if (!isRecord(value) || typeof value.pid !== "number" || typeof value.port !== "number") return undefined;
  return { pid: value.pid, port: value.port };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function answers(port: number): Promise<boolean> {
  const response = await fetch(`http://${HOST}:${port}/v2/`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }).catch(
    () => undefined,
  );
  await response?.body?.cancel();
  return response?.ok ?? false;
}

function registryAt(port: number): OwnRegistry {
  return Object.freeze({ address: `${HOST}:${port}`, port });
}
