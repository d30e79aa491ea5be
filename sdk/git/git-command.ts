import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { PlanError } from "../core/errors.ts";
import { fitsShell, runInShell } from "./git-shell.ts";

/** How one git process is run. */
export interface GitCommand {
  /** Where git looks for the repository (`git -C`). */
  readonly directory: string;
  readonly args: readonly string[];
  readonly input?: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a git process said. `stdout` holds one character per byte, so that names of any encoding survive. */
export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs git and gives its answer, whatever the exit status. What is asked at the same time runs at once, in one shell.
 *
 * @throws PlanError `PLAN_GIT_FAILED` if git cannot be started or is killed
 */
export async function runGit(command: GitCommand): Promise<GitAnswer> {
  command.signal?.throwIfAborted();
  if (!fitsShell(command)) return await runAlone(command);
  return await new Promise((resolve, reject) => {
    if (asked.length === 0) setImmediate(runAsked);
    asked.push({ command, resolve, reject });
  });
}

interface AskedCommand {
  readonly command: GitCommand;
  readonly resolve: (answer: Promise<GitAnswer> | GitAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** What has been asked since the event loop last turned. */
const asked: AskedCommand[] = [];

function runAsked(): void {
  const bySignal = new Map<AbortSignal | undefined, AskedCommand[]>();
  for (const one of asked.splice(0)) {
    const { signal } = one.command;
    bySignal.set(signal, [...(bySignal.get(signal) ?? []), one]);
  }
  for (const [signal, together] of bySignal) void answerAll(together, signal);
}

async function answerAll(together: readonly AskedCommand[], signal: AbortSignal | undefined): Promise<void> {
  try {
    signal?.throwIfAborted();
    const commands = together.map(({ command }) => command);
    const answers = commands.length > 1 ? await runInShell(commands, { env: gitEnvironment(process.env), signal }) : [];
    signal?.throwIfAborted();
    for (const [index, { command, resolve }] of together.entries()) resolve(answers[index] ?? runAlone(command));
  } catch (error) {
    for (const { reject } of together) reject(error);
  }
}

async function runAlone(command: GitCommand): Promise<GitAnswer> {
  const child = spawn("git", ["-C", command.directory, ...command.args], {
    env: gitEnvironment(process.env),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const kill = () => child.kill();
  command.signal?.addEventListener("abort", kill, { once: true });
  try {
    child.stdin.on("error", () => {}); // git may end before it has read everything
    child.stdin.end(command.input ?? "");
    child.stdout.setEncoding("latin1");
    const [stdout, stderr, exitCode] = await Promise.all([
      joined(child.stdout),
      text(child.stderr),
      new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve)),
    ]);
    command.signal?.throwIfAborted();
    if (exitCode === null) throw gitFailed(command, "git was killed");
    return { exitCode, stdout, stderr };
  } catch (error) {
    command.signal?.throwIfAborted();
    throw error instanceof PlanError ? error : notStarted(command, error);
  } finally {
    command.signal?.removeEventListener("abort", kill);
  }
}

/**
 * Runs git and gives its standard output.
 *
 * @throws PlanError `PLAN_GIT_FAILED` if it exits with another status than 0
 */
export async function gitOutput(command: GitCommand): Promise<string> {
  const answer = await runGit(command);
  if (answer.exitCode === 0) return answer.stdout;
  throw gitFailed(command, firstLine(answer.stderr) || `git ended with status ${answer.exitCode}`);
}

/** The error for an answer that cannot be used. */
export function gitFailed(command: Pick<GitCommand, "directory" | "args">, message: string, hint?: string): PlanError {
  return new PlanError("PLAN_GIT_FAILED", `git ${command.args[0] ?? ""} in ${command.directory}: ${message}`, {
    hint: hint ?? `Run "git -C ${command.directory} status" to see what git finds there.`,
    details: { directory: command.directory, arguments: [...command.args] },
  });
}

/** Splits output of git's `-z` options. */
export function splitNul(output: string): string[] {
  const parts = output.split("\0");
  if (parts.at(-1) === "") parts.pop();
  return parts;
}

async function joined(stream: AsyncIterable<string>): Promise<string> {
  const parts: string[] = [];
  for await (const part of stream) parts.push(part);
  return parts.join("");
}

function notStarted(command: GitCommand, cause: unknown): PlanError {
  return new PlanError("PLAN_GIT_FAILED", `git could not be run in ${command.directory}`, {
    cause,
    hint: "Install git, and see that it is on PATH; or give a fixed hash.",
    details: { directory: command.directory },
  });
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}

const INHERITED = ["PATH", "HOME", "USERPROFILE", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "TMPDIR", "TZ", "SystemRoot"];

/** What git itself reads: where its configuration lies, and its own GIT_ variables, so that it finds what it would find in a shell; an ssh agent, for repositories elsewhere. */
function gitEnvironment(own: Readonly<NodeJS.ProcessEnv>): NodeJS.ProcessEnv {
  const kept = Object.entries(own).filter(([name]) => INHERITED.includes(name) || name.startsWith("GIT_"));
  return { ...Object.fromEntries(kept), LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" };
}
