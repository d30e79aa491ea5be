import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { openEntry } from "../../context/open-file.ts";
import { openTree } from "../../context/virtual-tree.ts";
import { type ContextEntry, walkTree } from "../../context/walk.ts";
import type { Abortable } from "../../core/abort.ts";
import { InputError } from "../../core/errors.ts";
import { isRegularMode } from "../../core/file-stat.ts";
import { normalizeContextName, type State } from "../../llb/index.ts";
import type { NamedContext, Package, Recipe } from "../../pkg/package.ts";
import type { PackageSpec } from "./package-spec.ts";

/**
 * What `.contexts({ … })` takes, by name: an address, a directory (relative ones count from the working directory), a
 * package, a state, or what makes a state for a platform, as a recipe does.
 */
export type ContextInputs = Readonly<Record<string, string | { readonly spec: PackageSpec } | State | Recipe>>;

/** What a package holds of them. */
export interface NamedContexts {
  readonly named: Readonly<Record<string, NamedContext>>;
  readonly packages: Readonly<Record<string, PackageSpec>>;
}

const FETCHED = /^(?:docker-image|https?|git|ssh):\/\/|^git@/;
const ADDRESS = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Tells addresses, directories and packages apart.
 *
 * @throws InputError `INPUT_OPTION_INVALID` for an address that no engine fetches, and for an empty name
 */
export function namedContexts(inputs: ContextInputs): NamedContexts {
  const entries = Object.entries(inputs).map(([name, input]) => [contextName(name), input] as const);
  return {
    named: Object.fromEntries(
      entries.flatMap(([name, input]) => {
        const context = ownContext(input);
        return context === undefined ? [] : [[name, context]];
      }),
    ),
    packages: Object.fromEntries(
      entries.flatMap(([name, input]) => (typeof input === "object" && "spec" in input ? [[name, input.spec]] : [])),
    ),
  };
}

/** What lies in the directories of a package's contexts, as digests by name: no tag covers it. */
export async function contextStates(
  { source }: Package,
  options: Abortable,
): Promise<Readonly<Record<string, string>>> {
  const contexts = Object.entries(source.kind === "dockerfile" ? (source.contexts ?? {}) : {});
  const states = contexts.map(async ([name, context]): Promise<readonly (readonly [string, string])[]> => {
    // What a recipe comes to is recorded elsewhere.
    if (context.kind === "recipe") return [];
    return [[name, context.kind === "url" ? context.url : await directoryState(context.directory, options)]];
  });
  return Object.fromEntries((await Promise.all(states)).flat());
}

/** Undefined for a package. A state is held by a function: it is not to be gone through when settings are frozen. */
function ownContext(input: ContextInputs[string]): NamedContext | undefined {
  if (typeof input === "string") return parseContext(input);
  if (typeof input === "function") return { kind: "recipe", recipe: input };
  return "spec" in input ? undefined : { kind: "recipe", recipe: () => input };
}

function contextName(name: string): string {
  const short = normalizeContextName(name);
  if (short !== undefined) return short;
  throw new InputError("INPUT_OPTION_INVALID", `"${name}" cannot name a context`, {
    hint: "Use the name of a stage or of an image, in lower case.",
  });
}

function parseContext(text: string): NamedContext {
  if (FETCHED.test(text)) return { kind: "url", url: text };
  if (text !== "" && !ADDRESS.test(text)) return { kind: "directory", directory: resolve(text) };
  throw new InputError("INPUT_OPTION_INVALID", `"${text}" is no context that an engine can fetch`, {
    hint: "Give docker-image://…, a git or https address, a directory, or a package.",
  });
}

/** What lies in a directory, as a digest: names, modes and content; not times and owners, which engines do not see either. */
export async function directoryState(directory: string, options: Abortable): Promise<string> {
  const hash = createHash("sha256");
  const tree = await openTree({ layers: [{ directory, prefix: "" }] });
  for await (const entry of walkTree(tree, options)) {
    const { path, mode, linkname } = entry.stat;
    hash.update(`${JSON.stringify([path, mode, linkname])}\n`);
    if (isRegularMode(mode) && linkname === "") hash.update(await fileState(entry, options));
  }
  return hash.digest("hex");
}

async function fileState(entry: ContextEntry, { signal }: Abortable): Promise<Buffer> {
  const hash = createHash("sha256");
  await using handle = await openEntry(entry);
  for await (const chunk of handle.createReadStream({ autoClose: false, signal })) hash.update(chunk);
  return hash.digest();
}
