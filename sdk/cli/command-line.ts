import { type ParseArgsConfig, parseArgs } from "node:util";
import { InputError } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { parseBoolean } from "./boolean.ts";
import type { Command, Flags } from "./command.ts";
import { withDoubleDashes } from "./go-flags.ts";

/** A command line taken apart. */
export interface ParsedCommandLine {
  readonly command: Command | undefined;
  /** Words that look like a command but name none. */
  readonly words: readonly string[];
  readonly positionals: readonly string[];
  readonly values: ReadonlyMap<string, readonly (string | boolean)[]>;
}

/**
 * Reads a command line as pflag does: flags may stand before the sub-command, booleans take `--flag=false`,
 * repeated flags add up, `--` ends flags. Long flags may also have one dash.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function parseCommandLine(
  commands: readonly Command[],
  globalFlags: Flags,
  argv: readonly string[],
): ParsedCommandLine {
  const words = commandWords(commands, globalFlags, argv);
  const command = commands.find((candidate) => namesOf(candidate).includes(words.join(" ")));
  const flags = { ...globalFlags, ...command?.flags };
  const { values, positionals } = parseFlags(flags, withDoubleDashes(flags, argv));
  const rest = positionals.slice(command ? words.length : 0);
  return { command, words: command ? words : positionals, positionals: rest, values };
}

/** The words that lead to the longest command name; flags in between are skipped. */
function commandWords(commands: readonly Command[], globalFlags: Flags, argv: readonly string[]): readonly string[] {
  const names = commands.flatMap(namesOf);
  let words: readonly string[] = [];
  for (const word of plainWords(flagsOfAll(commands, globalFlags), argv)) {
    const next = [...words, word];
    if (!names.some((name) => `${name} `.startsWith(`${next.join(" ")} `))) break;
    words = next;
  }
  return words;
}

/** The first word that is neither a flag nor the value of one. */
export function firstWord(commands: readonly Command[], globalFlags: Flags, argv: readonly string[]): string {
  const [word = ""] = plainWords(flagsOfAll(commands, globalFlags), argv);
  return word;
}

function namesOf({ name, aliases = [] }: Command): readonly string[] {
  return [name, ...aliases];
}

function flagsOfAll(commands: readonly Command[], globalFlags: Flags): Flags {
  return Object.assign({}, globalFlags, ...commands.map(({ flags }) => flags));
}

function* plainWords(flags: Flags, argv: readonly string[]): Generator<string> {
  const words = withDoubleDashes(flags, argv);
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? "";
    if (word === "--") return;
    if (!word.startsWith("-") || word === "-") yield word;
    else if (takesNextWord(flags, word)) index += 1;
  }
}

function takesNextWord(flags: Flags, word: string): boolean {
  if (word.includes("=")) return false;
  const name = word.startsWith("--") ? word.slice(2) : longName(flags, word.slice(1));
  const flag = name === undefined ? undefined : flags[name];
  return flag !== undefined && flag.kind !== "boolean";
}

function longName(flags: Flags, letter: string): string | undefined {
  return Object.entries(flags).find(([, flag]) => flag.short === letter)?.[0];
}

function parseFlags(
  flags: Flags,
  argv: readonly string[],
): { values: ReadonlyMap<string, readonly (string | boolean)[]>; positionals: readonly string[] } {
  const options: NonNullable<ParseArgsConfig["options"]> = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        type: flag.kind === "boolean" ? "boolean" : "string",
        multiple: true,
        ...(flag.short ? { short: flag.short } : {}),
      } as const,
    ]),
  );
  try {
    const parsed = parseArgs({
      args: argv.map((word) => booleanValue(flags, word)),
      options,
      allowPositionals: true,
      allowNegative: true,
      strict: true,
    });
    const values = new Map(
      Object.entries(parsed.values).map(([name, value]) => [
        name,
        Array.isArray(value) ? value : value === undefined ? [] : [value],
      ]),
    );
    return { values, positionals: parsed.positionals };
  } catch (cause) {
    throw flagError(flags, argv, cause);
  }
}

/** parseArgs knows `--flag` and `--no-flag` only: rewrite pflag's `--flag=true|false`. */
function booleanValue(flags: Flags, word: string): string {
  const match = /^--([a-z][a-z0-9-]*)=(.*)$/.exec(word);
  const [, name = "", value = ""] = match ?? [];
  if (!match || flags[name]?.kind !== "boolean") return word;
  const isOn = parseBoolean(value);
  if (isOn !== undefined) return isOn ? `--${name}` : `--no-${name}`;
  throw new InputError("INPUT_OPTION_INVALID", `--${name} takes true or false, not "${value}"`);
}

function flagError(flags: Flags, argv: readonly string[], cause: unknown): InputError {
  const unknownFlag = argv.find((word) => /^-/.test(word) && !isKnown(flags, word));
  if (!unknownFlag) {
    return new InputError("INPUT_OPTION_INVALID", cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const name = unknownFlag.replace(/=.*$/s, "");
  const near = nearest(name.replace(/^-+/, ""), Object.keys(flags));
  return new InputError("INPUT_OPTION_INVALID", `unknown flag ${name}`, {
    cause,
    hint: near ? `Did you mean --${near}?` : "See --help for the flags of this command.",
  });
}

function isKnown(flags: Flags, word: string): boolean {
  if (word === "--" || word === "-") return true;
  const name = word.replace(/^--?(no-)?/, "").replace(/=.*$/s, "");
  if (word.startsWith("--"))
    return flags[name] !== undefined || flags[word.slice(2).replace(/=.*$/s, "")] !== undefined;
  return [...name].every((letter) => longName(flags, letter) !== undefined);
}
