import type { Flags } from "./command.ts";

/**
 * A command line as parseArgs takes it: long flags behind one dash, as Go's own flag package and LinuxKit's older
 * documents write them (`-org=acme`), get their second dash, and `-v=2` loses its sign. What stands behind `--` stays.
 */
export function withDoubleDashes(flags: Flags, argv: readonly string[]): readonly string[] {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  return [...own.map((word) => doubled(flags, word)), ...(end < 0 ? [] : argv.slice(end))];
}

function doubled(flags: Flags, word: string): string {
  const [, name = "", value = ""] = /^-([a-z][a-z0-9-]*)(=.*)?$/s.exec(word) ?? [];
  if (name.length > 1) return flags[name] || flags[name.replace(/^no-/, "")] ? `-${word}` : word;
  const long = Object.keys(flags).find((key) => flags[key]?.short === name);
  return long !== undefined && value !== "" ? `--${long}${value}` : word;
}
