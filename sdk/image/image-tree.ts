import { posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { ContentError } from "../core/errors.ts";
import type { Descriptor } from "../oci/model/descriptor.ts";
import type { ImageEntry } from "./image.ts";

interface StoredEntry extends Omit<ImageEntry, "kind"> {
  readonly kind: ImageEntry["kind"] | "symlink";
  /** Where a link points. */
  readonly target?: string;
  /** Which layer holds the content, and under what name. */
  readonly layer: number;
  readonly storedName: string;
}

/** Opens one layer's bytes as they are stored. */
export type OpenLayer = (layer: Descriptor) => AsyncIterable<Uint8Array>;

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";
const LINK_LIMIT = 40;
/** The root of an image that has no entry for it. */
const ROOT: StoredEntry = {
  path: "/",
  kind: "directory",
  mode: 0o755,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  layer: -1,
  storedName: "",
};

/** An image's layers laid over each other. Only names and metadata are held; content is read from its layer on demand. */
export class ImageTree {
  readonly #layers: readonly Descriptor[];
  readonly #open: OpenLayer;
  readonly #entries: ReadonlyMap<string, StoredEntry>;

  private constructor(layers: readonly Descriptor[], open: OpenLayer, entries: ReadonlyMap<string, StoredEntry>) {
    this.#layers = layers;
    this.#open = open;
    this.#entries = entries;
  }

  /** Reads the table of contents of every layer, lowest first. */
  static async read(layers: readonly Descriptor[], open: OpenLayer): Promise<ImageTree> {
    const entries = new Map<string, StoredEntry>();
    for (const [index, layer] of layers.entries()) {
      const found: StoredEntry[] = [];
      await eachEntry(open(layer), layer, async (header) => {
        found.push(toEntry(header, index));
      });
      overlay(entries, found);
    }
    return new ImageTree(layers, open, entries);
  }

  /** What lies at a path; symlinks on the way, and the last one too, are followed inside of the image. */
  stat(path: string): Omit<ImageEntry, "path"> | undefined {
    const entry = this.#resolve(path);
    if (entry === undefined || entry.kind === "symlink") return undefined;
    const { kind, mode, uid, gid, sizeBytes } = entry;
    return { kind, mode, uid, gid, sizeBytes };
  }

  /** The names in a directory, sorted; undefined if it is not one. */
  list(path: string): readonly string[] | undefined {
    const directory = this.#resolve(path);
    if (directory?.kind !== "directory") return undefined;
    const base = directory.path;
    return [...this.#entries.keys()]
      .filter((entry) => entry !== "/" && posix.dirname(entry) === base)
      .map((entry) => posix.basename(entry))
      .sort();
  }

  /** A file's content; undefined if there is no regular file. */
  async readFile(path: string): Promise<Buffer | undefined> {
    const entry = this.#resolve(path);
    const layer = entry && this.#layers[entry.layer];
    if (!entry || !layer || entry.kind !== "file") return undefined;
    const chunks: Buffer[] = [];
    await eachEntry(this.#open(layer), layer, async (header, content) => {
      if (header.name !== entry.storedName || header.type !== "file") return;
      chunks.length = 0;
      for await (const chunk of content) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
    });
    return Buffer.concat(chunks);
  }

  #resolve(path: string): StoredEntry | undefined {
    let pending = absolute(path).split("/").filter(Boolean);
    let current = "/";
    for (let links = 0; pending.length > 0; ) {
      const [part = "", ...rest] = pending;
      const next = posix.join(current, part);
      const entry = this.#entries.get(next);
      if (entry?.kind === "symlink" && entry.target !== undefined) {
        links += 1;
        if (links > LINK_LIMIT) return undefined;
        const target = posix.resolve(current, entry.target);
        pending = [...target.split("/").filter(Boolean), ...rest];
        current = "/";
        continue;
      }
      if (!entry) return undefined;
      current = next;
      pending = rest;
    }
    return this.#entries.get(current) ?? (current === "/" ? ROOT : undefined);
  }
}

function overlay(entries: Map<string, StoredEntry>, layer: readonly StoredEntry[]): void {
  for (const entry of layer) {
    const name = posix.basename(entry.path);
    const directory = posix.dirname(entry.path);
    if (name === OPAQUE) remove(entries, directory, false);
    else if (name.startsWith(WHITEOUT)) remove(entries, posix.join(directory, name.slice(WHITEOUT.length)), true);
  }
  for (const entry of layer) {
    if (posix.basename(entry.path).startsWith(WHITEOUT)) continue;
    const former = entries.get(entry.path);
    if (former?.kind === "directory" && entry.kind !== "directory") remove(entries, entry.path, true);
    addParents(entries, entry);
    entries.set(entry.path, resolveHardLink(entries, entry));
  }
}

/** Archives need not name the directories above a file. */
function addParents(entries: Map<string, StoredEntry>, entry: StoredEntry): void {
  for (let path = posix.dirname(entry.path); path !== "/" && !entries.has(path); path = posix.dirname(path)) {
    entries.set(path, { ...entry, path, kind: "directory", mode: 0o755, sizeBytes: 0, storedName: "" });
  }
}

function resolveHardLink(entries: ReadonlyMap<string, StoredEntry>, entry: StoredEntry): StoredEntry {
  if (entry.kind !== "file" || entry.target === undefined) return entry;
  const original = entries.get(absolute(entry.target));
  return original ? { ...original, path: entry.path } : entry;
}

function remove(entries: Map<string, StoredEntry>, path: string, itself: boolean): void {
  if (itself) entries.delete(path);
  const below = path === "/" ? "/" : `${path}/`;
  for (const key of [...entries.keys()]) if (key !== "/" && key.startsWith(below)) entries.delete(key);
}

function toEntry(header: Header, layer: number): StoredEntry {
  const kind = KINDS[header.type ?? "file"] ?? "file";
  return {
    path: absolute(header.name),
    kind,
    mode: (header.mode ?? 0) & 0o7777,
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    sizeBytes: header.size ?? 0,
    layer,
    storedName: header.name,
    ...(header.linkname ? { target: header.linkname } : {}),
  };
}

const KINDS: Readonly<Record<string, StoredEntry["kind"]>> = {
  file: "file",
  link: "file",
  "contiguous-file": "file",
  directory: "directory",
  symlink: "symlink",
  "character-device": "device",
  "block-device": "device",
  fifo: "fifo",
};

function absolute(path: string): string {
  const clean = posix.resolve("/", path);
  return clean;
}

async function eachEntry(
  stored: AsyncIterable<Uint8Array>,
  layer: Descriptor,
  visit: (header: Header, content: AsyncIterable<unknown>) => Promise<void>,
): Promise<void> {
  const entries = extract();
  const unpacked = layer.mediaType.endsWith("gzip")
    ? pipeline(Readable.from(stored), createGunzip(), entries)
    : pipeline(Readable.from(stored), entries);
  const reading = (async () => {
    for await (const entry of entries) {
      await visit(entry.header, entry);
      entry.resume();
    }
  })();
  try {
    await Promise.all([unpacked, reading]);
  } catch (cause) {
    throw new ContentError("CONTENT_CORRUPT", `layer ${layer.digest} cannot be read as a tar archive`, { cause });
  }
}
