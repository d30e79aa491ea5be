import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import type { Command, Invocation } from "./command.ts";
import { firstWord, type ParsedCommandLine, parseCommandLine } from "./command-line.ts";
import { COMMANDS } from "./commands.ts";
import { GLOBAL_FLAGS, verbosity } from "./global-flags.ts";
import { formatCommandHelp, formatOverview } from "./help.ts";
import { interruptible } from "./interruption.ts";
import { foreignCommand } from "./linuxkit-commands.ts";

const FAILED = 1;
const INTERRUPTED = 130;

/** What a command line reads from and writes to. */
export type ProgramStreams = Pick<Invocation, "stdin" | "stdout" | "stderr" | "env">;

/** Runs one command line; resolves to the exit status. */
export async function runProgram(argv: readonly string[], streams: ProgramStreams = process): Promise<number> {
  const { signal, release } = interruptible();
  const { stdout, stderr } = streams;
  for (const stream of [stdout, stderr]) stream.on("error", ignoreClosedReader);
  let verbose = false;
  try {
    if (process.platform === "win32") throw unsupportedSystem();
    const foreign = foreignCommand(firstWord(COMMANDS, GLOBAL_FLAGS, argv));
    if (foreign !== undefined) {
      stderr.write(`${foreign}\n`);
      return FAILED;
    }
    const parsed = parseCommandLine(COMMANDS, GLOBAL_FLAGS, argv);
    const invocation = createInvocation(parsed, signal, streams);
    verbose = verbosity(invocation) >= 2;
    return await dispatch(parsed, invocation);
  } catch (error) {
    if (signal.aborted) {
      stderr.write("interrupted\n");
      return INTERRUPTED;
    }
    const { formatError } = await import("../progress/error-text.ts");
    stderr.write(`${formatError(error, { verbose, stream: stderr })}\n`);
    return FAILED;
  } finally {
    release();
    for (const stream of [stdout, stderr]) stream.off("error", ignoreClosedReader);
  }
}

async function dispatch({ command, words }: ParsedCommandLine, invocation: Invocation): Promise<number> {
  if (!command) return overview(words, invocation);
  if (invocation.boolean("help")) {
    invocation.stdout.write(`${formatCommandHelp(command, GLOBAL_FLAGS)}\n`);
    return 0;
  }
  checkPositionals(command, invocation.positionals);
  await checkRegistryFlags(invocation);
  tellReplaced(command, invocation);
  return await command.run(invocation);
}

/** They are looked at also where no registry is asked: a script's mistake shows at its first command. */
async function checkRegistryFlags(invocation: Invocation): Promise<void> {
  const { isGiven, env } = invocation;
  if (!(isGiven("mirror") || isGiven("cert-file") || env.LINUXKIT_MIRROR)) return;
  const { verifyRegistryOptions } = await import("./registry-options.ts");
  await verifyRegistryOptions(invocation);
}

/** Says, for each flag that has no effect here, what there is in its place. */
function tellReplaced({ flags }: Command, invocation: Invocation): void {
  for (const [name, { replaced }] of Object.entries(flags)) {
    if (replaced === undefined || !invocation.isGiven(name)) continue;
    invocation.stderr.write(`--${name} has no effect: ${replaced}\n`);
  }
}

function overview(words: readonly string[], invocation: Invocation): number {
  const isGroup = words.length > 0 && COMMANDS.some((command) => command.name.startsWith(`${words.join(" ")} `));
  if (words.length === 0 || isGroup) {
    invocation.stdout.write(`${formatOverview(COMMANDS, GLOBAL_FLAGS, words)}\n`);
    return 0;
  }
  const given = words.join(" ");
  const names = COMMANDS.map((command) => command.name);
  const near = nearest(given, names) ?? nearest(words.slice(0, 2).join(" "), names);
  throw new InputError("INPUT_OPTION_INVALID", `there is no command "${given}"`, {
    hint: near ? `Did you mean \`kitsmith ${near}\`?` : "`kitsmith --help` lists the commands.",
  });
}

function checkPositionals({ name, usage = "", positionals }: Command, given: readonly string[]): void {
  if (given.length >= positionals.min && given.length <= positionals.max) return;
  throw new InputError("INPUT_OPTION_INVALID", `${name} takes ${usage || "no arguments"}`, {
    hint: `\`kitsmith ${name} --help\` tells more.`,
    details: { given: given.length, ...positionals },
  });
}

function createInvocation(
  { positionals, values }: ParsedCommandLine,
  signal: AbortSignal,
  { stdin, stdout, stderr, env }: ProgramStreams,
): Invocation {
  const last = (name: string) => values.get(name)?.at(-1);
  return {
    positionals,
    isGiven: (name) => values.has(name),
    boolean: (name) => {
      const value = last(name);
      return typeof value === "boolean" ? value : undefined;
    },
    text: (name) => {
      const value = last(name);
      return typeof value === "string" ? value : undefined;
    },
    list: (name) => (values.get(name) ?? []).filter((value) => typeof value === "string"),
    ...{ signal, stdin, stdout, stderr, env },
  };
}

/** A reader that has had enough, such as `head`, is no failure. */
function ignoreClosedReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

function unsupportedSystem(): InputError {
  return new InputError("INPUT_OPTION_INVALID", "kitsmith does not run on Windows", {
    hint: "Use it in WSL, or on Linux or macOS.",
  });
}
