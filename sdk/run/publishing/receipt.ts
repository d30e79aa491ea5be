import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ContentError, InputError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { type Descriptor, parseDescriptor } from "../../oci/model/descriptor.ts";
import { parseReference } from "../../oci/model/reference.ts";

/** What one machine pushed without moving a tag: enough to move tags later, elsewhere. */
export interface Receipt {
  readonly version: 1;
  readonly packages: readonly ReceiptPackage[];
}

/** What was pushed of one package. */
export interface ReceiptPackage {
  /** `org/image`. */
  readonly name: string;
  /** The tag that its index shall have, in full. */
  readonly reference: string;
  /** Entries of the index: images with their platforms, and what is attested of them. All of it is in the registry. */
  readonly manifests: readonly Descriptor[];
}

const LIMIT_BYTES = 16 * 1024 * 1024;

/** @throws ContentError `CONTENT_WRITE_FAILED` */
export async function writeReceipt(file: string, receipt: Receipt): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(receipt, undefined, 2)}\n`);
  } catch (cause) {
    throw new ContentError("CONTENT_WRITE_FAILED", `the receipt ${file} could not be written`, { cause });
  }
}

/** @throws InputError `INPUT_SOURCE_MISSING`, `INPUT_OPTION_INVALID` */
export async function readReceipts(pattern: string): Promise<readonly Receipt[]> {
  const files = await matching(pattern);
  if (files.length === 0) {
    throw new InputError("INPUT_SOURCE_MISSING", `there is no receipt ${pattern}`, {
      hint: "writeReceipt() writes them, one on each machine that pushed.",
    });
  }
  return await Promise.all(files.map(readReceipt));
}

async function matching(pattern: string): Promise<readonly string[]> {
  const [directory, name] = [dirname(pattern), basename(pattern)];
  if (!/[*?]/.test(name)) return [pattern];
  const source = name
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");
  const expression = new RegExp(`^${source}$`);
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((candidate) => expression.test(candidate))
    .sort()
    .map((found) => join(directory, found));
}

async function readReceipt(file: string): Promise<Receipt> {
  const content = await readFile(file).catch((cause: unknown) => {
    throw new InputError("INPUT_SOURCE_MISSING", `the receipt ${file} cannot be read`, { cause });
  });
  try {
    if (content.byteLength > LIMIT_BYTES) throw new ContentError("CONTENT_CORRUPT", "it is too large");
    return parseReceipt(JSON.parse(content.toString("utf8")));
  } catch (cause) {
    throw new InputError("INPUT_OPTION_INVALID", `${file} is no receipt of pushed images`, { cause });
  }
}

function parseReceipt(value: unknown): Receipt {
  if (!isRecord(value) || value.version !== 1 || !Array.isArray(value.packages)) {
    throw new ContentError("CONTENT_CORRUPT", "it has no version 1 with packages");
  }
  return { version: 1, packages: value.packages.map(parsePackage) };
}

function parsePackage(value: unknown): ReceiptPackage {
  const { name, reference, manifests } = isRecord(value) ? value : {};
  const isNamed = typeof name === "string" && typeof reference === "string" && Array.isArray(manifests);
  if (!isNamed || parseReference(reference).tag === undefined) {
    throw new ContentError("CONTENT_CORRUPT", "a package of it has no name, reference or manifests");
  }
  return { name, reference, manifests: manifests.map((entry) => parseDescriptor(entry, reference)) };
}
