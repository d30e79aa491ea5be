import { type ChildProcess, spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import type { Abortable } from "../../core/abort.ts";
import { delay } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { describeProcess, type ProcessRecord, stopProcess } from "./process-record.ts";

/** A program that shall run on its own, after this process too. */
export interface DaemonOptions extends Abortable {
  /** For messages: `buildkitd`. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** All that the program gets of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Both its outputs go there. */
  readonly logFile: string;
  /** True as soon as it can be used; called again and again. */
  readonly isReady: () => Promise<boolean>;
  /** Default 60 s: a machine that is busy starts slowly. */
  readonly limitMs?: number;
  /** Called as soon as the process exists, before it is ready. */
  readonly onStarted?: (record: ProcessRecord) => Promise<void>;
}

const POLL_MS = 50;
const STOP_GRACE_MS = 10_000;
const LOG_TAIL_LINES = 15;

/**
 * Starts a program in a session and group of its own and waits until it is ready.
 *
 * @throws EngineError ENGINE_START_FAILED with the end of its log, where it ends or is not ready in time.
 */
export async function startDaemon(options: DaemonOptions): Promise<ProcessRecord> {
  options.signal?.throwIfAborted();
  const child = await launch(options);
  const record = await recordOf(child, options);
  try {
    await options.onStarted?.(record);
    await waitUntilReady(options, child);
    child.unref();
    return record;
  } catch (error) {
    await stopProcess(record, STOP_GRACE_MS);
    throw error;
  }
}

async function launch(options: DaemonOptions): Promise<ChildProcess> {
  const [file, ...args] = options.command;
  const log = await open(options.logFile, "w", 0o600);
  try {
    const child = spawn(file, args, {
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      env: options.environment,
      cwd: "/",
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return child;
  } catch (cause) {
    throw await startFailure(options, `${options.name} cannot be started`, cause);
  } finally {
    await log.close();
  }
}

async function recordOf(child: ChildProcess, options: DaemonOptions): Promise<ProcessRecord> {
  const record = child.pid === undefined ? undefined : await describeProcess(child.pid);
  if (record === undefined) throw await startFailure(options, `${options.name} ended at once`);
  return record;
}

async function waitUntilReady(options: DaemonOptions, child: ChildProcess): Promise<void> {
  const limitMs = options.limitMs ?? 60_000;
  const startedAtMs = performance.now();
  while (performance.now() - startedAtMs < limitMs) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw await startFailure(options, `${options.name} ended with ${child.exitCode ?? child.signalCode}`);
    }
    if (await options.isReady()) return;
    await delay(POLL_MS, options.signal);
  }
  throw await startFailure(options, `${options.name} was not ready within ${Math.round(limitMs / 1000)} s`);
}

async function startFailure(options: DaemonOptions, message: string, cause?: unknown): Promise<EngineError> {
  const log = await readFile(options.logFile, "utf8").catch(() => "");
  const tail = log.trimEnd().split("\n").slice(-LOG_TAIL_LINES);
  const text = tail.join("\n").trim();
  return new EngineError("ENGINE_START_FAILED", text === "" ? message : `${message}:\n${text}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: `The whole log is ${options.logFile}.`,
    details: { logFile: options.logFile, log: tail },
  });
}
