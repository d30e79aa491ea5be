import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { parse, stringify, TomlError, type TomlTable } from "smol-toml";
import { InputError } from "../../core/errors.ts";
import { canonicalJson, isRecord } from "../../core/json.ts";

/** Where a buildkitd in a container has its settings. */
export const BUILDER_SETTINGS = "/etc/buildkit";
/** The file of them, below that directory. */
export const BUILDER_CONFIG = "buildkitd.toml";

/** The files of a buildkitd's settings, by path below {@link BUILDER_SETTINGS}. */
export type BuilderFiles = ReadonlyMap<string, string>;

const FILE_LIMIT_BYTES = 1 << 20;

/**
 * Reads a buildkitd.toml with the certificates and keys that it names for registries. They go to `certs/REGISTRY/` beside
 * it, and the paths in it follow. Relative paths count from the working directory.
 *
 * @throws InputError `INPUT_SOURCE_MISSING`, `INPUT_OPTION_INVALID`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/docs/buildkitd.toml.md
 */
export async function readBuilderConfig(file: string): Promise<BuilderFiles> {
  const config = parseConfig(await readLimited(file, file), file);
  const files = new Map<string, string>();
  const registries = isRecord(config.registry) ? config.registry : {};
  const moved = Object.fromEntries(
    await Promise.all(
      Object.entries(registries).map(async ([name, registry]) => [name, await moveFiles(name, registry, file, files)]),
    ),
  );
  const text = stringify({ ...config, ...(isRecord(config.registry) ? { registry: moved } : {}) });
  files.set(BUILDER_CONFIG, text);
  return files;
}

/** True if a container has what is wanted; how its buildkitd.toml is laid out does not count. */
export function hasBuilderFiles(found: BuilderFiles, wanted: BuilderFiles): boolean {
  return [...wanted].every(([path, text]) => {
    const other = found.get(path);
    return other !== undefined && (other === text || (path === BUILDER_CONFIG && meansTheSame(other, text)));
  });
}

function meansTheSame(left: string, right: string): boolean {
  try {
    return canonicalJson(parse(left)) === canonicalJson(parse(right));
  } catch {
    return false;
  }
}

async function moveFiles(
  name: string,
  registry: unknown,
  origin: string,
  files: Map<string, string>,
): Promise<unknown> {
  if (!isRecord(registry)) return registry;
  const move = async (path: unknown): Promise<unknown> => {
    if (typeof path !== "string" || path === "") return path;
    const text = await readLimited(path, origin);
    const target = freeName(`certs/${directoryName(name)}`, basename(path), text, files);
    files.set(target, text);
    return `${BUILDER_SETTINGS}/${target}`;
  };
  const moved: Record<string, unknown> = { ...registry };
  if (typeof registry.ca === "string") moved.ca = await move(registry.ca);
  if (Array.isArray(registry.ca)) moved.ca = await inOrder(registry.ca, move);
  if (Array.isArray(registry.keypair)) {
    moved.keypair = await inOrder(registry.keypair, async (pair: unknown) =>
      isRecord(pair) ? { ...pair, key: await move(pair.key), cert: await move(pair.cert) } : pair,
    );
  }
  return moved;
}

/** Files of one name from several directories stay apart. */
function freeName(directory: string, name: string, text: string, files: BuilderFiles): string {
  let target = `${directory}/${name}`;
  for (let number = 2; (files.get(target) ?? text) !== text; number += 1) target = `${directory}/${number}-${name}`;
  return target;
}

function directoryName(registry: string): string {
  const name = registry.replaceAll(/[^A-Za-z0-9.-]+/g, "_");
  return /^\.+$/.test(name) ? "_" : name;
}

async function inOrder(items: readonly unknown[], change: (item: unknown) => Promise<unknown>): Promise<unknown[]> {
  const changed: unknown[] = [];
  for (const item of items) changed.push(await change(item));
  return changed;
}

function parseConfig(text: string, file: string): TomlTable {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new InputError("INPUT_OPTION_INVALID", "this is no TOML", {
      cause,
      location: { file, line: cause.line, column: cause.column },
      hint: "BuildKit's docs/buildkitd.toml.md lists the settings.",
    });
  }
}

async function readLimited(path: string, origin: string): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new InputError("INPUT_SOURCE_MISSING", `${path} cannot be read`, {
      cause,
      location: { file: origin },
      hint: "Paths count from the working directory.",
    });
  });
  if (Buffer.byteLength(text) <= FILE_LIMIT_BYTES) return text;
  throw new InputError("INPUT_OPTION_INVALID", `${path} is larger than a mebibyte`, { location: { file: origin } });
}
