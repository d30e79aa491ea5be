import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { GitAnswer, GitCommand } from "./git-command.ts";

/** Commands that run at once: the shell names streams by one digit, and each command has two. */
const LANES = 4;
/** An argument of a process must be shorter than 128 KiB, and all of them together shorter than 2 MiB. */
const MAX_CHARACTERS = 30_000;

/** Whether a shell can run the command beside others. */
export function fitsShell({ directory, args, input = "" }: GitCommand): boolean {
  const given = [directory, ...args, input].join("");
  return process.platform !== "win32" && given.length <= MAX_CHARACTERS && !given.includes("\0");
}

/**
 * Runs commands in one shell. A process costs the one that begins it milliseconds, the more the larger that is; a shell's
 * cost nothing. The shell reads no text of a command: that comes as its arguments.
 *
 * @returns undefined for a command of which no answer came; it may be run alone, which tells why
 */
export async function runInShell(
  commands: readonly GitCommand[],
  surroundings: ShellSurroundings,
): Promise<readonly (GitAnswer | undefined)[]> {
  const mark = randomBytes(16).toString("hex");
  const lanes = Math.min(LANES, commands.length);
  try {
    const said = await listen(writeScript(commands, lanes, mark), lanes, surroundings);
    return commands.map((_, index) => readAnswer(said, { lane: index % lanes, turn: Math.floor(index / lanes), mark }));
  } catch {
    return commands.map(() => undefined);
  }
}

interface ShellSurroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal | undefined;
}

/** All that a shell's streams say. */
async function listen(
  { script, values }: Script,
  lanes: number,
  { env, signal }: ShellSurroundings,
): Promise<readonly string[]> {
  const child = spawn("/bin/sh", ["-c", script, "sh", ...values], {
    // A group of its own: what the shell began is killed with it.
    ...{ env, detached: true },
    stdio: ["ignore", ...Array.from({ length: 2 * lanes }, () => "pipe" as const)],
  });
  const kill = () => killGroup(child);
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const ended = new Promise<void>((resolve, reject) => child.once("error", reject).once("close", () => resolve()));
    const streams = child.stdio.filter((stream) => stream instanceof Readable);
    const [said] = await Promise.all([Promise.all(streams.map(contentOf)), ended]);
    return said;
  } finally {
    signal?.removeEventListener("abort", kill);
  }
}

interface Script {
  readonly script: string;
  readonly values: readonly string[];
}

/** Commands take turns in lanes, each with two streams of its own. */
function writeScript(commands: readonly GitCommand[], lanes: number, mark: string): Script {
  const values: string[] = [];
  const given = (value: string): string => `"\${${values.push(value)}}"`;
  const lines = commands.map(({ directory, args, input }) => {
    const command = `git ${["-C", directory, ...args].map(given).join(" ")}`;
    const fed = input === undefined ? `${command} </dev/null` : `printf %s ${given(input)} | ${command}`;
    return `${fed}; printf '${mark} %d ' $?; printf '${mark}' >&2;`;
  });
  const script = Array.from({ length: lanes }, (_, lane) => {
    const turns = lines.filter((_line, index) => index % lanes === lane);
    return `{ ${turns.join(" ")} } >&${1 + 2 * lane} 2>&${2 + 2 * lane} &\n`;
  });
  return { script: `${script.join("")}wait`, values };
}

interface Place {
  readonly lane: number;
  /** Which of its lane it is. */
  readonly turn: number;
  readonly mark: string;
}

/** Above it are the statuses of what the shell cannot run, and of what is killed; git has two of its own there. */
const LAST_STATUS = 125;
const GIT_STATUS: ReadonlySet<number> = new Set([128, 129]);

function readAnswer(said: readonly string[], { lane, turn, mark }: Place): GitAnswer | undefined {
  const parts = said[2 * lane]?.split(new RegExp(`${mark} (\\d+) `)) ?? [];
  const [stdout, status] = parts.slice(2 * turn);
  const stderr = said[2 * lane + 1]?.split(mark)[turn];
  const exitCode = Number(status);
  if (stdout === undefined || status === undefined || stderr === undefined) return undefined;
  if (exitCode > LAST_STATUS && !GIT_STATUS.has(exitCode)) return undefined;
  return { exitCode, stdout, stderr: Buffer.from(stderr, "latin1").toString("utf8") };
}

/** One character per byte. */
async function contentOf(stream: Readable): Promise<string> {
  stream.setEncoding("latin1");
  const parts: string[] = [];
  for await (const part of stream) parts.push(String(part));
  return parts.join("");
}

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid);
  } catch {
    // It has ended by itself.
  }
}
