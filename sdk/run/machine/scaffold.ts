import { cp, lstat, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { ContentError, InputError, isKitsmithError } from "../../core/errors.ts";
import { nearest } from "../../core/nearest.ts";
import { findTemplates } from "./template-directory.ts";

/** What is made, and from what. */
export interface ScaffoldOptions extends Abortable {
  /** Name of a template that comes with kitsmith. Default `linuxkit-package`. */
  readonly template?: string | undefined;
  /** The image's name: lower-case letters, digits, and single `.`, `_` or `-` between them. */
  readonly name: string;
  /** The image's organisation, which may start with a registry's host. Default `example`. */
  readonly org?: string | undefined;
  /** A directory that is not there yet, or empty. Default: the name, in the working directory. */
  readonly destination?: string | undefined;
}

/** What was made. */
export interface ScaffoldResult {
  /** Absolute. */
  readonly directory: string;
  /** Relative to the directory, sorted. */
  readonly files: readonly string[];
}

/** One component of an image's name, shorter than the specification's limit. */
const NAME = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;
const NAME_LIMIT = 100;
const ORG = /^[a-z0-9]+(?:[._:/-][a-z0-9]+)*$/i;
const DEFAULT_TEMPLATE = "linuxkit-package";
const TEXT_LIMIT_BYTES = 1024 * 1024;

/**
 * Copies a starter package and puts its name in. The directory appears with all files or not at all.
 *
 * @throws InputError INPUT_OPTION_INVALID for a name that no image can have, an unknown template, or a destination that
 * holds something; ContentError CONTENT_WRITE_FAILED where it cannot be written
 */
export async function createFromTemplate(options: ScaffoldOptions): Promise<ScaffoldResult> {
  const { name, org = "example" } = options;
  checkNames(name, org);
  const template = await locateTemplate(options.template ?? DEFAULT_TEMPLATE);
  const directory = resolve(options.destination ?? name);
  await checkDestination(directory);
  const files = await copyInOneStep(template, directory, { __NAME__: name, __ORG__: org }, options.signal);
  return Object.freeze({ directory, files: Object.freeze(files) });
}

function checkNames(name: string, org: string): void {
  if (!NAME.test(name) || name.length > NAME_LIMIT) {
    throw invalidOption("name", `${JSON.stringify(name)} cannot be the name of an image`, {
      hint: `Use at most ${NAME_LIMIT} lower-case letters and digits, with single dots, dashes or underscores between them.`,
    });
  }
  if (!ORG.test(org)) {
    throw invalidOption("org", `${JSON.stringify(org)} cannot be an organisation`, {
      hint: "Name it as image references do, such as acme or registry.example.com/acme.",
    });
  }
}

async function locateTemplate(template: string): Promise<string> {
  const templates = await findTemplates();
  const directory = templates.get(template);
  if (directory !== undefined) return directory;
  const names = [...templates.keys()];
  const near = nearest(template, names);
  throw invalidOption("template", `there is no template ${JSON.stringify(template)}`, {
    hint: near === undefined ? `There are: ${names.join(", ")}.` : `Did you mean ${near}?`,
  });
}

async function checkDestination(directory: string): Promise<void> {
  const info = await lstat(directory).catch(() => undefined);
  if (info === undefined || (info.isDirectory() && (await readdir(directory)).length === 0)) return;
  throw invalidOption("destination", `${directory} is there already`, {
    hint: "Nothing is overwritten: name a directory that is not there yet.",
  });
}

/** Makes the copy beside the destination and moves it there whole. */
async function copyInOneStep(
  template: string,
  directory: string,
  values: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  let temporary: string | undefined;
  try {
    temporary = await mkdtemp(join(dirname(directory), `.${basename(directory)}-`));
    const copy = join(temporary, "package");
    await cp(template, copy, { recursive: true });
    const files = await fillIn(copy, "", values, signal);
    signal?.throwIfAborted();
    await rename(copy, directory);
    return files.sort();
  } catch (cause) {
    if (isKitsmithError(cause) || signal?.aborted) throw cause;
    throw new ContentError("CONTENT_WRITE_FAILED", `the package cannot be written to ${directory}`, {
      cause,
      hint: "Check that the directory above it exists and may be written to.",
    });
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

/** Replaces placeholders in the files' names and texts; gives the files' names. */
async function fillIn(
  root: string,
  parent: string,
  values: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(join(root, parent), { withFileTypes: true })) {
    signal?.throwIfAborted();
    const path = join(parent, substitute(entry.name, values));
    if (path !== join(parent, entry.name)) await rename(join(root, parent, entry.name), join(root, path));
    if (entry.isDirectory()) {
      files.push(...(await fillIn(root, path, values, signal)));
      continue;
    }
    files.push(path);
    if (entry.isFile()) await fillInFile(join(root, path), values);
  }
  return files;
}

async function fillInFile(file: string, values: Readonly<Record<string, string>>): Promise<void> {
  if ((await stat(file)).size > TEXT_LIMIT_BYTES) return;
  const content = await readFile(file);
  if (content.includes(0)) return;
  const text = content.toString("utf8");
  const filled = substitute(text, values);
  if (filled !== text) await writeFile(file, filled);
}

function substitute(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((result, [name, value]) => result.replaceAll(name, () => value), text);
}

function invalidOption(option: string, message: string, { hint }: { readonly hint: string }): InputError {
  return new InputError("INPUT_OPTION_INVALID", message, { hint, details: { option } });
}
