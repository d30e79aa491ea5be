import { posix } from "node:path";
import type { PlatformText } from "../core/platform.ts";
import { type FailedStep, type FluentPackage, isKitsmithError, type OpenOptions } from "../index.ts";
import { formatError } from "../progress/error-text.ts";
import type { Invocation } from "./command.ts";
import { runInTerminal } from "./terminal.ts";

/** What is run in the step, and with which inputs and outputs. */
interface Terminal {
  /** Empty for a shell. */
  readonly command: readonly string[];
  readonly invocation: Invocation;
}

const SHELL = ["/bin/sh"];
const FAILED = 1;

/**
 * Builds a package, and runs a command in the step that fails.
 *
 * @returns the exit status: 0 if none fails, else 1 whatever the command ends with
 */
export async function openOnFailure(
  source: FluentPackage,
  platform: PlatformText,
  options: OpenOptions,
  terminal: Terminal,
): Promise<number> {
  const { stderr } = terminal.invocation;
  let shown: unknown;
  const onFailure = async (step: FailedStep): Promise<void> => {
    shown = step.error;
    stderr.write(`${formatError(step.error, { stream: stderr })}\n${await describe(step)}\n`);
    await runIn(step, terminal);
  };
  try {
    await using _image = await source.open(platform, { ...options, onFailure });
    stderr.write("No step failed, so there is nothing to open. Without --on-failure, the image is.\n");
    return 0;
  } catch (error) {
    if (error !== shown || shown === undefined) throw error;
    return FAILED;
  }
}

async function runIn(step: FailedStep, { command, invocation }: Terminal): Promise<void> {
  if (command.length === 0 && !(await hasShell(step))) return;
  await using container = await step.openContainer();
  await runInTerminal(container, command.length > 0 ? command : SHELL, invocation);
}

/** Of a file op that comes before any shell there is the list of its files, which was shown. */
async function hasShell(step: FailedStep): Promise<boolean> {
  if (step.command !== undefined) return true;
  return (await namesIn(step, "/bin"))?.includes("sh") ?? true;
}

async function describe(step: FailedStep): Promise<string> {
  const { action, command, states } = step;
  if (command !== undefined) return `Now in the step as it failed: ${command.args.join(" ")}`;
  const path = posix.resolve("/", (states[0] === "source" ? action?.source : action?.path) ?? "/");
  const { directory, names } = await nearestDirectory(step, path);
  const what = states[0] === "source" ? "What the step was to read" : "The files as the step left them";
  return names === undefined ? `${what}:` : `${what}: ${directory} holds ${names.join(" ") || "nothing"}`;
}

/** The directory that is there, of a path and those above it. */
async function nearestDirectory(
  step: FailedStep,
  path: string,
): Promise<{ readonly directory: string; readonly names: readonly string[] | undefined }> {
  const names = await namesIn(step, path);
  if (names !== undefined || path === "/") return { directory: path, names };
  return await nearestDirectory(step, posix.dirname(path));
}

/** Undefined where there is none, or the engine cannot tell. */
async function namesIn(step: FailedStep, directory: string): Promise<readonly string[] | undefined> {
  try {
    return await step.readDirectory(directory);
  } catch (error) {
    if (isKitsmithError(error) && (error.code === "CONTENT_NOT_FOUND" || error.code === "ENGINE_FEATURE_MISSING")) {
      return undefined;
    }
    throw error;
  }
}
