import { posix } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { extract, pack } from "tar-stream";
import { BUILDER_SETTINGS, type BuilderFiles } from "./builder-config.ts";

const FILE_LIMIT_BYTES = 2 << 20;
/** Fixed owner and time: equal settings give equal bytes. */
const FIXED = { mtime: new Date(0), uid: 0, gid: 0 } as const;

/** The settings as a tar over a container's root, with the directories that an image may lack. */
export function packBuilderFiles(files: BuilderFiles): AsyncIterable<Uint8Array> {
  const archive = pack();
  const base = BUILDER_SETTINGS.slice(1);
  const directories = new Set([...files.keys()].flatMap((path) => parents(posix.join(base, path))));
  for (const name of [...directories].sort()) archive.entry({ ...FIXED, name, mode: 0o755, type: "directory" });
  for (const [path, content] of files) archive.entry({ ...FIXED, name: posix.join(base, path), mode: 0o644 }, content);
  archive.finalize();
  return Readable.from(archive);
}

/** The files of a tar that docker made of {@link BUILDER_SETTINGS}; large ones are no settings. */
export async function unpackBuilderFiles(tar: Readable): Promise<BuilderFiles> {
  const files = new Map<string, string>();
  const entries = extract();
  const reading = pipeline(tar, entries);
  for await (const entry of entries) {
    const { name, type, size = 0 } = entry.header;
    const path = posix.relative(posix.basename(BUILDER_SETTINGS), name);
    if (type === "file" && size <= FILE_LIMIT_BYTES) files.set(path, await text(entry));
    else entry.resume();
  }
  await reading;
  return files;
}

function parents(path: string): readonly string[] {
  const parent = posix.dirname(path);
  return parent === "." ? [] : [...parents(parent), parent];
}
