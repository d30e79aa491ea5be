import { ContentError, PlanError } from "../core/errors.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import type { ImageConfig } from "../oci/model/image-config.ts";
import { parseElf, runsOn } from "./elf.ts";
import type { ImageTree, TreeEntry } from "./image-tree.ts";

/** What a file is expected to be. */
export interface FileExpectation {
  /** Some execute bit is set, or none. */
  readonly executable?: boolean;
  /** Exact permission bits, such as `0o644`. */
  readonly mode?: number;
  /** It is an ELF program: linked statically or not, and for this platform. */
  readonly elf?: { readonly static?: boolean; readonly platform?: Platform };
}

/** The image of one platform, opened to be looked into. */
export class Image implements AsyncDisposable {
  readonly platform: Platform;
  /** Where it was found. */
  readonly reference: string;
  readonly digest: string;
  readonly config: ImageConfig;
  readonly #tree: ImageTree;

  constructor(facts: Pick<Image, "platform" | "reference" | "digest" | "config">, tree: ImageTree) {
    this.platform = facts.platform;
    this.reference = facts.reference;
    this.digest = facts.digest;
    this.config = facts.config;
    this.#tree = tree;
  }

  /**
   * A file's content; symlinks are followed inside of the image.
   *
   * @throws ContentError `CONTENT_NOT_FOUND`
   */
  readFile(path: string): Promise<Buffer>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  async readFile(path: string, encoding?: "utf8"): Promise<Buffer | string> {
    const content = await this.#tree.readFile(path);
    if (content === undefined) throw this.#missing(path, "no regular file");
    return encoding === "utf8" ? content.toString("utf8") : content;
  }

  /** The names in a directory, sorted. @throws ContentError `CONTENT_NOT_FOUND` */
  async readDirectory(path: string): Promise<readonly string[]> {
    const names = this.#tree.list(path);
    if (names === undefined) throw this.#missing(path, "no directory");
    return names;
  }

  /** What lies at a path; undefined if nothing does. */
  async stat(path: string): Promise<TreeEntry | undefined> {
    return this.#tree.stat(path);
  }

  /**
   * Checks a file; the error says what it is in place of what was expected.
   *
   * @throws PlanError `PLAN_CHECK_FAILED`
   * @example
   * ```ts
   * await image.assertFile("/init", { executable: true, elf: { static: true, platform: image.platform } });
   * ```
   */
  async assertFile(path: string, expected: FileExpectation = {}): Promise<void> {
    const entry = this.#tree.stat(path);
    if (entry?.kind !== "file") throw this.#failed(path, entry ? `is a ${entry.kind}, not a file` : "is not there");
    const isExecutable = (entry.mode & 0o111) !== 0;
    if (expected.executable !== undefined && expected.executable !== isExecutable) {
      throw this.#failed(path, `is ${isExecutable ? "" : "not "}executable (mode ${entry.mode.toString(8)})`);
    }
    if (expected.mode !== undefined && expected.mode !== entry.mode) {
      throw this.#failed(path, `has mode ${entry.mode.toString(8)}, not ${expected.mode.toString(8)}`);
    }
    if (expected.elf) await this.#assertElf(path, expected.elf);
  }

  /** Closes what the image was read from. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #assertElf(path: string, expected: NonNullable<FileExpectation["elf"]>): Promise<void> {
    const elf = parseElf(await this.readFile(path));
    if (!elf) throw this.#failed(path, "is no ELF program");
    if (expected.static !== undefined && expected.static !== elf.static) {
      throw this.#failed(path, elf.static ? "is linked statically" : "is linked dynamically");
    }
    if (expected.platform && !runsOn(elf, expected.platform)) {
      throw this.#failed(path, `is for ${elf.architecture}, not for ${formatPlatform(expected.platform)}`);
    }
  }

  #missing(path: string, what: string): ContentError {
    return new ContentError("CONTENT_NOT_FOUND", `there is ${what} ${path} in ${this.reference}`, {
      hint: "readDirectory() lists what is there.",
      details: { path, reference: this.reference },
    });
  }

  #failed(path: string, what: string): PlanError {
    return new PlanError("PLAN_CHECK_FAILED", `${path} in ${this.reference} ${what}`, {
      details: { path, reference: this.reference, platform: formatPlatform(this.platform) },
    });
  }
}
