import { posix } from "node:path";
import type { Digest } from "../core/digest.ts";
import { ContentError, PlanError } from "../core/errors.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import type { Container, ExecResult } from "../engine/container/container.ts";
import { environmentOf, type ProcessDefaults, withProcessDefaults } from "../engine/container/process-defaults.ts";
import type { ImageConfig, RunConfig } from "../oci/model/image-config.ts";
import { parseElf, runsOn } from "./elf.ts";
import type { FileExpectation, Image, ImageContainerOptions, ImageEntry, ImageExecOptions } from "./image.ts";
import type { ImageContent } from "./image-content.ts";

/** What is known of an image before it is looked into. */
export type ImageFacts = Pick<Image, "platform" | "reference" | "digest" | "config">;

/** ELF headers lie at the start of a program. */
const HEADER_BYTES = 64 * 1024;
const SHOWN_OUTPUT_CHARACTERS = 2000;

/** Makes an image of its files. */
export function createImage(facts: ImageFacts, content: ImageContent): Image {
  return Object.freeze(new OpenedImage(facts, content));
}

class OpenedImage implements Image {
  readonly platform: Platform;
  readonly reference: string;
  readonly digest?: Digest;
  readonly config: ImageConfig;
  readonly #content: ImageContent;

  constructor(facts: ImageFacts, content: ImageContent) {
    this.platform = facts.platform;
    this.reference = facts.reference;
    if (facts.digest !== undefined) this.digest = facts.digest;
    this.config = facts.config;
    this.#content = content;
  }

  readFile(path: string): Promise<Buffer>;
  readFile(path: string, encoding: "utf8"): Promise<string>;
  async readFile(path: string, encoding?: "utf8"): Promise<Buffer | string> {
    const content = await this.#content.readFile(absolute(path));
    if (content === undefined) throw this.#missing(path, "no regular file");
    return encoding === "utf8" ? content.toString("utf8") : content;
  }

  async readDirectory(path: string): Promise<readonly string[]> {
    const names = await this.#content.list(absolute(path));
    if (names === undefined) throw this.#missing(path, "no directory");
    return names;
  }

  async stat(path: string): Promise<ImageEntry | undefined> {
    const entry = await this.#content.stat(absolute(path));
    return entry && Object.freeze({ path: absolute(path), ...entry });
  }

  async assertFile(path: string, expected: FileExpectation = {}): Promise<void> {
    const entry = await this.stat(path);
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

  async exec(args: readonly string[], options: ImageExecOptions = {}): Promise<ExecResult> {
    const { exitCodes = [0], network, ...execOptions } = options;
    await using container = await this.openContainer({ signal: options.signal, ...(network ? { network } : {}) });
    const result = await container.exec(args, execOptions);
    if (exitCodes === "any" || exitCodes.includes(result.exitCode)) return result;
    throw this.#exited(args, result);
  }

  async openContainer(options: ImageContainerOptions = {}): Promise<Container> {
    return withProcessDefaults(await this.#content.openContainer(options), defaultsOf(this.config.config));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#content[Symbol.asyncDispose]();
  }

  async #assertElf(path: string, expected: NonNullable<FileExpectation["elf"]>): Promise<void> {
    const content = await this.#content.readFile(absolute(path), HEADER_BYTES);
    const elf = content && parseElf(content);
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
      details: { file: path, reference: this.reference },
    });
  }

  #failed(path: string, what: string): PlanError {
    return new PlanError("PLAN_CHECK_FAILED", `${path} in ${this.reference} ${what}`, {
      details: { file: path, reference: this.reference, platform: formatPlatform(this.platform) },
    });
  }

  #exited(command: readonly string[], { exitCode, stdout, stderr }: ExecResult): PlanError {
    const output = [stdout, stderr].map((text) => text.trimEnd().slice(-SHOWN_OUTPUT_CHARACTERS)).filter(Boolean);
    const message = `${command.join(" ")} in ${this.reference} ended with exit code ${exitCode}`;
    return new PlanError("PLAN_CHECK_FAILED", [message, ...output].join("\n"), {
      details: { command, exitCode, reference: this.reference, platform: formatPlatform(this.platform) },
    });
  }
}

function absolute(path: string): string {
  return posix.resolve("/", path);
}

/** How the image's config has its programs run. */
function defaultsOf({ env, workingDirectory, user }: RunConfig): ProcessDefaults {
  return {
    env: environmentOf(env),
    ...(workingDirectory === "" ? {} : { cwd: workingDirectory }),
    ...(user === "" ? {} : { user }),
  };
}
