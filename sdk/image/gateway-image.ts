import type { Abortable } from "../core/abort.ts";
import type { Digest } from "../core/digest.ts";
import { ContentError } from "../core/errors.ts";
import { FILE_MODE, type FileStat, hasModeBit, posixPermissions } from "../core/file-stat.ts";
import { formatPlatform, type Platform } from "../core/platform.ts";
import type { JobResult, OpenJob, ResultReference } from "../engine/engine.ts";
import { parseImageConfig } from "../oci/model/image-config.ts";
import { createImage } from "./create-image.ts";
import type { Image, ImageEntry } from "./image.ts";
import type { ImageContent } from "./image-content.ts";

const CONFIG_KEY = "containerimage.config";

/** How the result of a build is opened. */
export interface GatewayImageOptions extends Abortable {
  readonly platform: Platform;
  /** Where it lies, or will lie. */
  readonly reference: string;
  /** Where it exists already. */
  readonly digest?: Digest;
  /** Called before a program is run: throws if that is not allowed. */
  readonly beforeExec?: () => void;
  /** Called when the image is disposed. Default: nothing, so that the job stays open. */
  readonly close?: () => Promise<void>;
}

/**
 * The image that a build has made, while its job is open. Nothing is fetched before it is asked for.
 *
 * @throws ContentError `CONTENT_CORRUPT` if the result has no image config
 */
export function openGatewayImage(job: OpenJob, result: JobResult, options: GatewayImageOptions): Image {
  const { platform, reference } = options;
  const name = formatPlatform(platform);
  const config = result.metadata[CONFIG_KEY] ?? result.metadata[`${CONFIG_KEY}/${name}`];
  if (config === undefined) throw new ContentError("CONTENT_CORRUPT", `the result for ${name} has no image config`);
  const facts = {
    ...{ platform, reference, config: parseImageConfig(config, `the image config for ${name}`) },
    ...(options.digest === undefined ? {} : { digest: options.digest }),
  };
  const root = result.reference ?? result.references[name];
  const content = root === undefined ? EMPTY : gatewayFiles(job, root, { signal: options.signal });
  const close = options.close ?? (async () => {});
  return createImage(facts, {
    ...content,
    async openContainer({ network = "none", signal }) {
      options.beforeExec?.();
      return await job.openContainer({ reference: root, platform, network, signal });
    },
    [Symbol.asyncDispose]: close,
  });
}

type ImageFiles = Pick<ImageContent, "stat" | "list" | "readFile">;

function gatewayFiles(job: OpenJob, root: ResultReference, options: Abortable): ImageFiles {
  const stat: ImageContent["stat"] = async (path) => {
    const found = await ifThere(job.statFile(root, path, options));
    return found && toEntry(found);
  };
  return {
    stat,
    async list(path) {
      const entries = await ifThere(job.readDir(root, path, options));
      return entries?.map((entry) => entry.path).sort();
    },
    async readFile(path, limitBytes) {
      // A daemon might wait for somebody who writes into a pipe.
      if ((await stat(path))?.kind !== "file") return undefined;
      const range = limitBytes === undefined ? {} : { range: { offsetBytes: 0, lengthBytes: limitBytes } };
      return Buffer.from(await job.readFile(root, path, { ...options, ...range }));
    },
  };
}

const EMPTY_ROOT = Object.freeze({ kind: "directory", mode: 0o755, uid: 0, gid: 0, sizeBytes: 0 });
/** Scratch has no reference, and no files. */
const EMPTY: ImageFiles = Object.freeze({
  stat: async (path: string) => (path === "/" ? EMPTY_ROOT : undefined),
  list: async (path: string) => (path === "/" ? [] : undefined),
  readFile: async () => undefined,
});

async function ifThere<T>(looked: Promise<T>): Promise<T | undefined> {
  try {
    return await looked;
  } catch (error) {
    if (error instanceof ContentError && error.code === "CONTENT_NOT_FOUND") return undefined;
    throw error;
  }
}

function toEntry({ mode, uid, gid, sizeBytes }: FileStat): Omit<ImageEntry, "path"> {
  const kind = kindOf(mode);
  return { kind, mode: posixPermissions(mode), uid, gid, sizeBytes: kind === "file" ? sizeBytes : 0 };
}

function kindOf(mode: number): ImageEntry["kind"] {
  if (hasModeBit(mode, FILE_MODE.directory)) return "directory";
  if (hasModeBit(mode, FILE_MODE.device)) return "device";
  if (hasModeBit(mode, FILE_MODE.fifo)) return "fifo";
  return hasModeBit(mode, FILE_MODE.socket) ? "socket" : "file";
}
