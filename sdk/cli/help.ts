import type { Command, Flag, Flags } from "./command.ts";

/** The list of commands, or of those whose name begins with the given words. */
export function formatOverview(
  commands: readonly Command[],
  globalFlags: Flags,
  words: readonly string[] = [],
): string {
  const prefix = words.length > 0 ? `${words.join(" ")} ` : "";
  const shown = commands.filter((command) => !command.hidden && command.name.startsWith(prefix));
  const width = Math.max(0, ...shown.map((command) => command.name.length));
  return [
    `Usage: kitsmith ${prefix}COMMAND [FLAGS]`,
    "",
    "Build, test and publish LinuxKit packages on any BuildKit.",
    "",
    "Commands:",
    ...shown.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
    "",
    "Flags of every command:",
    ...formatFlags(globalFlags),
    "",
    "`kitsmith COMMAND --help` tells more of one.",
  ].join("\n");
}

/** The help of one command. */
export function formatCommandHelp(command: Command, globalFlags: Flags): string {
  const own = formatFlags(command.flags);
  return [
    `Usage: kitsmith ${[command.name, command.usage].filter(Boolean).join(" ")} [FLAGS]`,
    "",
    command.summary,
    ...(command.aliases ? ["", `Also: ${command.aliases.join(", ")}`] : []),
    ...(own.length > 0 ? ["", "Flags:", ...own] : []),
    "",
    "Flags of every command:",
    ...formatFlags(Object.fromEntries(Object.entries(globalFlags).filter(([name]) => !command.flags[name]))),
  ].join("\n");
}

function formatFlags(flags: Flags): readonly string[] {
  const rows = Object.entries(flags)
    .filter(([, flag]) => !flag.hidden && flag.replaced === undefined)
    .map(([name, flag]) => ({ left: flagText(name, flag), help: flagHelp(flag) }));
  const width = Math.max(0, ...rows.map((row) => row.left.length));
  return rows.map((row) => `  ${row.left.padEnd(width)}  ${row.help}`);
}

function flagText(name: string, flag: Flag): string {
  const short = flag.short ? `-${flag.short}, ` : "    ";
  return `${short}--${name}${flag.kind === "boolean" ? "" : ` ${flag.value ?? "VALUE"}`}`;
}

function flagHelp(flag: Flag): string {
  const notes = [flag.kind === "list" ? "repeatable" : undefined, flag.default ? `default ${flag.default}` : undefined];
  const text = notes.filter(Boolean).join(", ");
  return text ? `${flag.help} (${text})` : flag.help;
}
