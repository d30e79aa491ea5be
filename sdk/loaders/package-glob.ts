import { readdir, stat } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import type { Abortable } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";

/**
 * The directories that a pattern names, absolute and in lexical order: `*`, `?`, `[a-z]` and `[^a-z]` match within one
 * name, `{a,b}` stands for each of its parts, `\` takes the meaning of the next sign. Files and directories that begin
 * with a dot are left out; symlinks are followed.
 *
 * @throws InputError `INPUT_OPTION_INVALID` for a broken pattern, `INPUT_PACKAGE_NOT_FOUND` if nothing matches
 * @source https://pkg.go.dev/path/filepath@go1.24.0#Match
 */
export async function expandPackageGlob(pattern: string, options: Abortable = {}): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const alternative of expandBraces(pattern)) {
    const root = isAbsolute(alternative) ? "/" : resolve(".");
    const names = alternative.split("/").filter((name) => name !== "" && name !== ".");
    for (const directory of await matchNames([root], names, options.signal)) found.add(directory);
  }
  const directories: string[] = [];
  for (const path of [...found].sort()) {
    if (!basename(path).startsWith(".") && (await isDirectory(path))) directories.push(path);
  }
  if (directories.length > 0) return directories;
  throw new InputError("INPUT_PACKAGE_NOT_FOUND", `no directory matches ${pattern}`, {
    hint: `The pattern counts from ${resolve(".")}; * does not cross a slash.`,
    details: { pattern, directory: resolve(".") },
  });
}

async function matchNames(
  parents: readonly string[],
  names: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const [name, ...rest] = names;
  if (name === undefined) return [...parents];
  const pattern = patternOf(name);
  const children: string[] = [];
  for (const parent of parents) {
    signal?.throwIfAborted();
    if (pattern === undefined) children.push(join(parent, name.replace(/\\(.)/g, "$1")));
    else for (const entry of await entriesOf(parent)) if (pattern.test(entry)) children.push(join(parent, entry));
  }
  return await matchNames(children, rest, signal);
}

async function entriesOf(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}

async function isDirectory(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Undefined for a name without signs of a pattern. */
function patternOf(name: string): RegExp | undefined {
  if (!/[*?[]/.test(name.replace(/\\./g, ""))) return undefined;
  let source = "";
  let rest = name;
  while (rest !== "") {
    const part = /^(?:\\.|\[\^?(?:\\.|[^\]\\])(?:\\.|[^\]\\])*\]|[^[\\])/su.exec(rest)?.[0];
    if (part === undefined) throw badPattern(name);
    source += partSource(part);
    rest = rest.slice(part.length);
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    throw badPattern(name);
  }
}

function partSource(part: string): string {
  if (part === "*") return ".*";
  if (part === "?") return ".";
  if (part.startsWith("[")) return classSource(part);
  return escapeSign(part.startsWith("\\") ? part.slice(1) : part);
}

function classSource(part: string): string {
  const negated = part.startsWith("[^");
  const signs = part.slice(negated ? 2 : 1, -1);
  const members = signs.replace(/\\(.)|([^-])/gsu, (_, escaped?: string, plain?: string) =>
    escapeSign(escaped ?? plain ?? ""),
  );
  return `[${negated ? "^" : ""}${members}]`;
}

function escapeSign(sign: string): string {
  return /[\^$\\.*+?()[\]{}|/-]/.test(sign) ? `\\${sign}` : sign;
}

function badPattern(name: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", `${JSON.stringify(name)} is not a valid pattern`, {
    hint: String.raw`Close every [ with a ], or write \[ for the sign itself.`,
    details: { pattern: name },
  });
}

/** Patterns without braces; the innermost braces are resolved first. */
function expandBraces(pattern: string): string[] {
  const match = /^((?:\\.|[^\\])*?)\{((?:\\.|[^\\{}])*)\}(.*)$/su.exec(pattern);
  if (!match) return [pattern];
  const [, before = "", inner = "", after = ""] = match;
  return inner.split(",").flatMap((part) => expandBraces(`${before}${part}${after}`));
}
