import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type Abortable, raceAbort } from "../../core/abort.ts";
import { createLimiter } from "../../core/concurrency.ts";
import { isKitsmithError } from "../../core/errors.ts";
import type { ContentStore, ContentStream } from "../model/content.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { flattenIndex } from "../model/image-tree.ts";
import { createIndex, type ImageIndex } from "../model/manifest.ts";
import { formatReference, parseReference } from "../model/reference.ts";
import type { ExportOptions } from "./archive-export.ts";
import { createBlobStore, removeLeftovers } from "./blob-store.ts";
import { findMissing } from "./closure.ts";
import { lockFile } from "./file-lock.ts";
import {
  contentLockPath,
  type LockedLayout,
  missingName,
  type Removal,
  removeEntries,
  removeNames,
  removeUnused,
} from "./removal.ts";
import {
  createRootIndexReader,
  initializeLayout,
  isMarked,
  type NamedDescriptor,
  namedEntries,
  readRootIndex,
  withEntry,
  writeRootIndex,
} from "./root-index.ts";
import { asWriteError } from "./write-error.ts";

/** What a name shall stand for, seeing what it stands for now; undefined removes the name. */
export type ReferenceChange = (current: Descriptor | undefined) => Promise<Descriptor | undefined>;

/**
 * A cache directory as the LinuxKit CLI keeps it, an OCI layout: both can work on it at once.
 *
 * Names are image references in any form; they are stored in full. Content is verified when it is written and read.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export interface Cache extends ContentStore {
  readonly directory: string;
  /** What a name stands for, or the root entry with a reference's digest; undefined if there is none. */
  resolve(name: string, options?: Abortable): Promise<Descriptor | undefined>;
  /** All names, in the order in which they were written. */
  list(options?: Abortable): Promise<readonly NamedDescriptor[]>;
  /** Lets a name stand for something; older meanings of the name are gone. */
  setReference(name: string, descriptor: Descriptor, options?: Abortable): Promise<void>;
  /**
   * Changes what a name stands for while no other process can: `change` runs under the cache's lock and must not use
   * methods that take it.
   */
  updateReference(name: string, change: ReferenceChange, options?: Abortable): Promise<Descriptor | undefined>;
  /** As {@link Cache.setReference}, for many names at once: all of them are set, or none. */
  setReferences(references: ReadonlyMap<string, Descriptor>, options?: Abortable): Promise<void>;
  /**
   * Removes names, in any form, and the content that only they led to.
   *
   * @throws ContentError `CONTENT_NOT_FOUND` if a name is not there; then nothing is removed
   */
  remove(names: readonly string[], options?: Abortable): Promise<Removal>;
  /** Removes everything, also what has no name. */
  removeAll(options?: Abortable): Promise<Removal>;
  /** Removes content that nothing refers to. Nobody who is writing at the moment loses anything. */
  removeUnused(options?: Abortable): Promise<Removal>;
  /** Keeps content that nothing refers to yet from being removed by others, until what is given back is disposed. */
  useContent(options?: Abortable): Promise<AsyncDisposable>;
  /**
   * Stores what an OCI image tar holds and gives back the descriptors of its index.json; no name is set.
   *
   * @throws ContentError `CONTENT_CORRUPT`, `CONTENT_DIGEST_MISMATCH`, `CONTENT_PATH_UNSAFE`, `CONTENT_WRITE_FAILED`
   */
  importArchive(archive: ContentStream, options?: Abortable): Promise<readonly Descriptor[]>;
  /** An image, or an index with all its images, as an OCI layout tar or as `docker load` reads it: {@link exportArchive}. */
  exportArchive(descriptor: Descriptor, options: ExportOptions): ContentStream;
  /** The entries of an index with its nested ones opened, or the descriptor itself if it is of one image. */
  flattenIndex(descriptor: Descriptor, options?: Abortable): Promise<readonly Descriptor[]>;
  /** What is missing of an image or index and all that it refers to; empty if it is complete. */
  findMissing(descriptor: Descriptor, options?: Abortable): Promise<readonly Descriptor[]>;
}

/**
 * Opens a cache directory, and makes it first if it is not there.
 *
 * @throws ContentError `CONTENT_CORRUPT` naming the file, `CONTENT_WRITE_FAILED`, `CACHE_LOCK_UNAVAILABLE`
 */
export async function openCache(directory: string, options: Abortable = {}): Promise<Cache> {
  const locked = createLockedRunner(directory);
  await openDirectory(directory, locked, options.signal);
  const blobs = createBlobStore(directory);
  const readRoot = createRootIndexReader(directory);
  // An index.json that was taken away holds nothing.
  const requireIndex = async () => (await readRoot()) ?? createIndex([]);
  const readIndex = (signal: AbortSignal | undefined) => settled(requireIndex, locked, signal);

  /** Changes index.json while nobody else can. */
  const changeIndex = <T>(change: (layout: LockedLayout) => Promise<T>, { signal }: Abortable = {}) =>
    locked(async () => await change({ layout: directory, blobs, index: await requireIndex(), signal }), signal);

  async function updateReference(
    name: string,
    change: ReferenceChange,
    updateOptions?: Abortable,
  ): Promise<Descriptor | undefined> {
    const fullName = fullNameOf(name);
    return await changeIndex(async ({ index }) => {
      const next = await change(findEntry(index, name)?.descriptor);
      await writeRootIndex(directory, withEntry(index, fullName, next));
      return next;
    }, updateOptions);
  }

  async function setReferences(references: ReadonlyMap<string, Descriptor>, setOptions?: Abortable): Promise<void> {
    const entries = [...references].map(([name, descriptor]) => [fullNameOf(name), descriptor] as const);
    await changeIndex(async ({ index }) => {
      const changed = entries.reduce((next, [name, descriptor]) => withEntry(next, name, descriptor), index);
      await writeRootIndex(directory, changed);
    }, setOptions);
  }

  return Object.freeze({
    ...blobs,
    directory,
    resolve: async (name: string, { signal }: Abortable = {}) => findEntry(await readIndex(signal), name)?.descriptor,
    list: async ({ signal }: Abortable = {}) => namedEntries(await readIndex(signal)),
    setReference: (name: string, descriptor: Descriptor, setOptions?: Abortable) =>
      setReferences(new Map([[name, descriptor]]), setOptions),
    setReferences,
    updateReference,
    remove: (names: readonly string[], removeOptions?: Abortable) =>
      changeIndex((layout) => removeNames(layout, storedNames(layout.index, names)), removeOptions),
    removeAll: (removeOptions?: Abortable) => changeIndex((layout) => removeEntries(layout, () => true), removeOptions),
    removeUnused: (removeOptions?: Abortable) =>
      changeIndex(async (layout) => ({ names: [], ...(await removeUnused(layout)) }), removeOptions),
    useContent: ({ signal }: Abortable = {}) => lockFile(contentLockPath(directory), { mode: "shared", signal }),
    importArchive: async (archive: ContentStream, importOptions?: Abortable) => {
      const { importArchive } = await import("./archive-import.ts");
      return await importArchive(blobs, archive, importOptions);
    },
    exportArchive: async function* (descriptor: Descriptor, exportOptions: ExportOptions): ContentStream {
      const { exportArchive } = await import("./archive-export.ts");
      yield* exportArchive(blobs, descriptor, exportOptions);
    },
    flattenIndex: (descriptor: Descriptor, flattenOptions?: Abortable) =>
      flattenIndex(blobs, descriptor, flattenOptions),
    findMissing: (descriptor: Descriptor, findOptions?: Abortable) => findMissing(blobs, descriptor, findOptions),
  });
}

/** Runs an action while this process, and in it one caller, holds the cache's lock. */
type LockedRunner = <T>(action: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;

function createLockedRunner(directory: string): LockedRunner {
  const inTurn = createLimiter(1);
  return async (action, signal) => {
    // Our own callers queue here, so that only one of them at a time waits for other processes.
    const turn = inTurn(async () => {
      const lock = await lockFile(join(directory, ".lock"), { signal });
      try {
        return await action();
      } finally {
        await lock[Symbol.asyncDispose]();
      }
    });
    return await raceAbort(turn, signal);
  };
}

async function openDirectory(directory: string, locked: LockedRunner, signal: AbortSignal | undefined): Promise<void> {
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw asWriteError(cause, directory);
  });
  const look = async () => (await isMarked(directory)) && (await readRootIndex(directory)) !== undefined;
  const ready = await settled(look, locked, signal);
  if (!ready) await locked(() => initializeLayout(directory), signal);
  await removeLeftovers(directory, Date.now());
}

/**
 * Reads a file that the LinuxKit CLI writes in place: what cannot be understood is read again under the lock, where
 * nobody is writing.
 */
async function settled<T>(read: () => Promise<T>, locked: LockedRunner, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!isKitsmithError(cause) || cause.code !== "CONTENT_CORRUPT") throw cause;
    return await locked(read, signal);
  }
}

function findEntry(index: ImageIndex, name: string): { name?: string; descriptor: Descriptor } | undefined {
  const entries = namedEntries(index);
  const exact = entries.find((entry) => entry.name === name);
  if (exact !== undefined) return exact;
  const reference = parseReference(name);
  if (reference.digest !== undefined) {
    const descriptor = index.manifests.find(({ digest }) => digest === reference.digest);
    return descriptor && { descriptor };
  }
  const fullName = formatReference(reference);
  return entries.find((entry) => entry.name === fullName);
}

/** The names as they are stored. @throws ContentError `CONTENT_NOT_FOUND` */
function storedNames(index: ImageIndex, names: readonly string[]): readonly string[] {
  return names.map((name) => {
    const stored = findEntry(index, name)?.name;
    if (stored === undefined) throw missingName(name);
    return stored;
  });
}

function fullNameOf(name: string): string {
  return formatReference(parseReference(name));
}
