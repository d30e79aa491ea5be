import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { type Digest, isDigest } from "../../core/digest.ts";
import { isRecord } from "../../core/json.ts";
import { replaceFile } from "../../oci/layout/durable-file.ts";
import { lockFile } from "../../oci/layout/file-lock.ts";
import { type Descriptor, parseDescriptor } from "../../oci/model/descriptor.ts";
import { appendVoids, readVoids, rotateVoids } from "./published-voids.ts";

/** More is forgotten, the oldest first. */
const ENTRY_LIMIT = 5000;

/** What a tag stood for. */
export interface PublishedTag {
  readonly index: Digest;
  /** By platform. */
  readonly images: Readonly<Record<string, Descriptor>>;
}

interface Entry {
  /** When the registry was asked, or told something new. */
  readonly atMs: number;
  /** Undefined: all that was known from before then is void. */
  readonly tag?: PublishedTag;
}

/**
 * What registries said of tags, across runs, in a file of the user's. It is for callers who say for how long they trust it;
 * it holds no "not there" and no refusal, and what we write ourselves voids what was known of that tag. A file that cannot
 * be understood holds nothing, and one that cannot be written is no failure.
 */
export interface PublishedMemory {
  /** What a tag stood for, if the registry said so at most `trustMs` ago. */
  recall(reference: string, trustMs: number): Promise<PublishedTag | undefined>;
  /** Notes an answer to a question that was put at `atMs`. */
  note(reference: string, tag: PublishedTag, atMs: number): void;
  /** Voids what is known of a tag. */
  forget(reference: string): void;
  /** Writes what is new, if anything is: of two processes the one whose word is newer wins. */
  save(): Promise<void>;
}

/** Opens the memory in a file; nothing is looked up or read before it is asked. */
export function openPublishedMemory(file: () => Promise<string>, now: () => number = Date.now): PublishedMemory {
  const changes = new Map<string, Entry>();
  let known: Promise<ReadonlyMap<string, Entry>> | undefined;
  return {
    recall: async (reference, trustMs) => {
      // From here on others void what they change: before the first question, or its answer could outlive the change.
      known ??= file().then(openEntries);
      const entry = changes.get(reference) ?? (await known).get(reference);
      const ageMs = entry === undefined ? Number.NaN : now() - entry.atMs;
      return ageMs >= 0 && ageMs <= trustMs ? entry?.tag : undefined;
    },
    note: (reference, tag, atMs) => {
      if ((changes.get(reference)?.atMs ?? 0) <= atMs) changes.set(reference, { atMs, tag });
    },
    forget: (reference) => {
      changes.set(reference, { atMs: now() });
    },
    save: async () => {
      // Where nobody ever trusted it there is nothing to void.
      const path = changes.size === 0 ? undefined : await file();
      if (path === undefined || !existsSync(path)) return;
      await write(path, changes).catch(() => undefined);
      changes.clear();
    },
  };
}

async function openEntries(path: string): Promise<ReadonlyMap<string, Entry>> {
  if (!existsSync(path)) await merge(path, new Map()).catch(() => undefined);
  return await readEntries(path);
}

/** Most pushes only void something, for which a lock would take long. */
async function write(path: string, changes: ReadonlyMap<string, Entry>): Promise<void> {
  const voided = [...changes].filter(([, { tag }]) => tag === undefined);
  const isLong = voided.length > 0 && (await appendVoids(path, voided));
  if (isLong || voided.length < changes.size) await merge(path, changes);
}

async function merge(path: string, changes: ReadonlyMap<string, Entry>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const lock = await lockFile(`${path}.lock`, {});
  try {
    const merged = newestOf([...(await readEntries(path)), ...changes]);
    const newest = [...merged].sort(([, one], [, other]) => other.atMs - one.atMs).slice(0, ENTRY_LIMIT);
    await replaceFile(path, JSON.stringify({ version: 1, tags: Object.fromEntries(newest) }), dirname(path));
    await rotateVoids(path);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

/** The file, and what was voided since it was written. */
async function readEntries(path: string): Promise<ReadonlyMap<string, Entry>> {
  // In this order: what is taken into the file meanwhile is read twice, and not missed.
  const voided = await readVoids(path);
  return newestOf([...(await readTags(path)), ...voided]);
}

function newestOf(entries: readonly (readonly [string, Entry])[]): ReadonlyMap<string, Entry> {
  const newest = new Map<string, Entry>();
  for (const [reference, entry] of entries) {
    if ((newest.get(reference)?.atMs ?? 0) <= entry.atMs) newest.set(reference, entry);
  }
  return newest;
}

async function readTags(path: string): Promise<readonly (readonly [string, Entry])[]> {
  try {
    const content: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!isRecord(content) || content.version !== 1 || !isRecord(content.tags)) return [];
    return Object.entries(content.tags).map(([reference, entry]) => [reference, parseEntry(entry, path)]);
  } catch {
    return [];
  }
}

function parseEntry(value: unknown, path: string): Entry {
  if (!isRecord(value) || typeof value.atMs !== "number") return { atMs: 0 };
  const { atMs, tag } = value;
  if (!isRecord(tag) || typeof tag.index !== "string" || !isDigest(tag.index) || !isRecord(tag.images)) return { atMs };
  const images = Object.entries(tag.images).map(([platform, image]) => [platform, parseDescriptor(image, path)]);
  return { atMs, tag: { index: tag.index, images: Object.fromEntries(images) } };
}
