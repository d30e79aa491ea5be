import { readFile, writeFile } from "node:fs/promises";
import { delay } from "../../core/abort.ts";
import { isRecord } from "../../core/json.ts";

/** A process that kitsmith started, told from a later one that got the same number. */
export interface ProcessRecord {
  readonly pid: number;
  /** Ticks since the machine started, as the kernel counts them. */
  readonly startedAtTicks: string;
}

/** Describes a running process, or undefined if there is none with this number. */
export async function describeProcess(pid: number): Promise<ProcessRecord | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  const state = fields?.[0];
  const startedAtTicks = fields?.[19];
  if (startedAtTicks === undefined || state === "Z" || state === "X") return undefined;
  return { pid, startedAtTicks };
}

/** True while the very process that was recorded runs. */
export async function isRunning(record: ProcessRecord): Promise<boolean> {
  return (await describeProcess(record.pid))?.startedAtTicks === record.startedAtTicks;
}

/** Keeps the record in a file. */
export async function writeProcessRecord(file: string, record: ProcessRecord): Promise<void> {
  await writeFile(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** The record of a file, or undefined where there is none or it is not understood. */
export async function readProcessRecord(file: string): Promise<ProcessRecord | undefined> {
  const value = await readJsonFile(file);
  if (!isRecord(value)) return undefined;
  const { pid, startedAtTicks } = value;
  if (typeof pid !== "number" || typeof startedAtTicks !== "string") return undefined;
  return { pid, startedAtTicks };
}

/** What a JSON file says, or undefined where it is missing or is not JSON. */
async function readJsonFile(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch {
    return undefined;
  }
}

const POLL_MS = 50;

/**
 * Ends a recorded process and waits until it is gone: it is asked first, then killed together with its group.
 * A process that took over the number is never touched. True if one was ended.
 */
export async function stopProcess(record: ProcessRecord, graceMs: number): Promise<boolean> {
  if (!(await signalProcess(record, "SIGTERM"))) return false;
  if (await waitForEnd(record, graceMs)) return true;
  // Daemons are leaders of a group of their own: see startDaemon.
  signalGroup(record.pid);
  await signalProcess(record, "SIGKILL");
  return await waitForEnd(record, graceMs);
}

async function waitForEnd(record: ProcessRecord, limitMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs <= limitMs; waitedMs += POLL_MS) {
    if (!(await isRunning(record))) return true;
    await delay(POLL_MS);
  }
  return false;
}

async function signalProcess(record: ProcessRecord, name: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(record))) return false;
  try {
    return process.kill(record.pid, name);
  } catch {
    return false;
  }
}

function signalGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}
