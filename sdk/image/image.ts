import type { Abortable } from "../core/abort.ts";
import type { Digest } from "../core/digest.ts";
import type { Platform } from "../core/platform.ts";
import type { Container, ExecOptions, ExecResult } from "../engine/container/container.ts";
import type { ImageConfig } from "../oci/model/image-config.ts";

/** What a file is expected to be. */
export interface FileExpectation {
  /** Some execute bit is set, or none. */
  readonly executable?: boolean;
  /** Exact permission bits, such as `0o644`. */
  readonly mode?: number;
  /** It is an ELF program: linked statically or not, and for this platform. */
  readonly elf?: { readonly static?: boolean; readonly platform?: Platform };
}

/** What lies at a path of an image. */
export interface ImageEntry {
  /** Absolute and clean, as it was asked for. */
  readonly path: string;
  readonly kind: "file" | "directory" | "device" | "fifo" | "socket";
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** 0 for what is no file. */
  readonly sizeBytes: number;
}

/** How a container over an image is opened. */
export interface ImageContainerOptions extends Abortable {
  /** Default `none`. */
  readonly network?: "none" | "sandbox";
}

/** How a program of an image is run. What is not said here is as the image's config has it. */
export interface ImageExecOptions extends ExecOptions, ImageContainerOptions {
  /** Which exit codes are expected. Default `[0]`. */
  readonly exitCodes?: readonly number[] | "any";
}

/** The image of one platform, opened to be looked into. Paths are absolute; symlinks are followed inside of the image. */
export interface Image extends AsyncDisposable {
  readonly platform: Platform;
  /** Where it lies, or will lie. */
  readonly reference: string;
  /** Undefined as long as it is nowhere but in the engine that built it. */
  readonly digest?: Digest;
  readonly config: ImageConfig;
  /**
   * A file's content.
   *
   * @throws ContentError `CONTENT_NOT_FOUND`
   */
  readFile(path: string): Promise<Buffer>;
  /** A file's content as text. */
  readFile(path: string, encoding: "utf8"): Promise<string>;
  /** The names in a directory, sorted. @throws ContentError `CONTENT_NOT_FOUND` */
  readDirectory(path: string): Promise<readonly string[]>;
  /** What lies at a path; undefined if nothing does. */
  stat(path: string): Promise<ImageEntry | undefined>;
  /**
   * Checks a file; the error says what it is in place of what was expected.
   *
   * @throws PlanError `PLAN_CHECK_FAILED`
   * @example
   * ```ts
   * await image.assertFile("/init", { executable: true, elf: { static: true, platform: image.platform } });
   * ```
   */
  assertFile(path: string, expected?: FileExpectation): Promise<void>;
  /**
   * Runs a program of the image, in a container of its own: what it writes is in no other one, nor in the image.
   *
   * @throws PlanError `PLAN_CHECK_FAILED` for another exit code than expected, with the end of what it wrote
   * @throws PlanError `PLAN_EMULATION_REFUSED`; EngineError `ENGINE_FEATURE_MISSING` if the image is not on an engine
   */
  exec(args: readonly string[], options?: ImageExecOptions): Promise<ExecResult>;
  /**
   * A container over the image, for programs that are to be fed, signalled or given a terminal, or that work together.
   * What is not said of them is as the image's config has it.
   *
   * @throws as {@link Image.exec} does
   */
  openContainer(options?: ImageContainerOptions): Promise<Container>;
}
