import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createDigester, type Digest, digestHex, isDigest } from "../../../core/digest.ts";
import { incomingDirectory } from "../blob-store.ts";
import { blobPath } from "../garbage.ts";
import { asWriteError, hasErrorCode } from "../write-error.ts";
import { type CacheProblem, type Checked, repaired } from "./problem.ts";

/** The content that is there and whole. */
export interface StoredBlobs {
  readonly sizes: ReadonlyMap<Digest, number>;
  readonly problems: readonly CacheProblem[];
}

interface StoredFile {
  readonly name: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** Reads all content. What does not have the digest that names it gets, as a repair, the name that it should have. */
export async function checkBlobs(checked: Checked): Promise<StoredBlobs> {
  const files = await readFiles(checked);
  const [whole, others] = [files.filter(isWhole), files.filter((file) => !isWhole(file))];
  const sizes = new Map(whole.map(({ digest, sizeBytes }) => [digest, sizeBytes]));
  const problems: CacheProblem[] = [];
  // All of them lose their wrong name before one gets the right one, which may be that of another.
  const moved = checked.repair ? await Promise.all(others.map((file) => setAside(checked.layout, file))) : [];
  for (const [index, file] of others.entries()) {
    const path = moved[index] ?? "";
    const what = sizes.has(file.digest) ? "removed: it is there under its true name" : `kept as ${file.digest}`;
    const rename = () => giveTrueName(checked.layout, path, file, sizes.has(file.digest));
    problems.push(await repaired(checked, describe(checked.layout, file), what, rename));
    if (checked.repair) sizes.set(file.digest, file.sizeBytes);
  }
  return { sizes, problems };
}

async function readFiles({ layout, signal }: Checked): Promise<readonly StoredFile[]> {
  const directory = join(layout, "blobs", "sha256");
  const entries = await readdir(directory, { withFileTypes: true }).catch((cause: unknown) => {
    if (hasErrorCode(cause, "ENOENT")) return [];
    throw asWriteError(cause, directory);
  });
  const files: StoredFile[] = [];
  for (const { name } of entries.filter((entry) => entry.isFile())) {
    const file = await readFile(directory, name, signal);
    if (file !== undefined) files.push(file);
  }
  return files;
}

/** Undefined for a file that was taken away meanwhile. */
async function readFile(
  directory: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<StoredFile | undefined> {
  const digester = createDigester();
  try {
    for await (const chunk of createReadStream(join(directory, name), { highWaterMark: 64 * 1024 })) {
      signal?.throwIfAborted();
      if (chunk instanceof Uint8Array) digester.update(chunk);
    }
  } catch (cause) {
    if (hasErrorCode(cause, "ENOENT")) return undefined;
    throw asWriteError(cause, join(directory, name));
  }
  const digest = digester.digest();
  return { name, digest, sizeBytes: digester.sizeBytes };
}

function isWhole({ name, digest }: StoredFile): boolean {
  return digestHex(digest) === name;
}

function describe(layout: string, { name, digest, sizeBytes }: StoredFile): CacheProblem {
  const path = join(layout, "blobs", "sha256", name);
  const named = `sha256:${name}`;
  if (!isDigest(named)) return { kind: "left-behind", path, problem: "its name is no digest" };
  return { kind: "damaged", path, digest: named, problem: `its ${sizeBytes} bytes have the digest ${digest}` };
}

async function setAside(layout: string, { name }: StoredFile): Promise<string> {
  const from = join(layout, "blobs", "sha256", name);
  const to = join(incomingDirectory(layout), `misnamed-${name}`);
  return await guarded(to, async () => {
    await mkdir(incomingDirectory(layout), { recursive: true });
    await rename(from, to);
    return to;
  });
}

async function giveTrueName(layout: string, path: string, file: StoredFile, isThere: boolean): Promise<void> {
  await guarded(path, () => (isThere ? rm(path) : rename(path, blobPath(layout, file.digest))));
}

async function guarded<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw asWriteError(cause, path);
  }
}
