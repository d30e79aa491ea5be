import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { access, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { join, posix } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { BUILDKIT_RELEASE, type PinnedRelease, RELEASE_SERVER, type ReleasePin } from "./release-pins.ts";

/** Which release, from where, and where to. */
export interface ReleaseOptions extends Abortable {
  /** Releases are unpacked below it, each in a directory of its own. */
  readonly directory: string;
  /** `linux-amd64`. */
  readonly platform: string;
  readonly release?: PinnedRelease | undefined;
  readonly server?: string | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Downloads BuildKit's own release, checks it against the pinned digest, and unpacks its programs. What was unpacked
 * before is used again. Returns the directory of the programs.
 *
 * @throws EngineError ENGINE_DOWNLOAD_REFUSED without a pin, or if the file is not the pinned one;
 * ENGINE_START_FAILED (retryable) where the server does not deliver.
 * @source https://github.com/moby/buildkit/releases/tag/v0.33.1
 */
export async function installRelease(options: ReleaseOptions): Promise<string> {
  const release = options.release ?? BUILDKIT_RELEASE;
  const pin = release.files[options.platform];
  if (pin === undefined) {
    throw new EngineError(
      "ENGINE_DOWNLOAD_REFUSED",
      `BuildKit ${release.version} for ${options.platform} has no pinned digest`,
      {
        hint: "Install BuildKit or docker yourself, or name a running engine with BUILDKIT_HOST.",
        details: { version: release.version, platform: options.platform },
      },
    );
  }
  const name = `buildkit-${release.version}.${options.platform}`;
  const target = join(options.directory, name);
  const binDirectory = join(target, "bin");
  if (await exists(binDirectory)) return binDirectory;

  await mkdir(options.directory, { recursive: true });
  const working = await mkdtemp(join(options.directory, ".release-"));
  try {
    const url = `${options.server ?? RELEASE_SERVER}/${release.version}/${name}.tar.gz`;
    options.onProgress?.(`Downloading BuildKit ${release.version} (${Math.round(pin.sizeBytes / 1e6)} MB)`);
    const file = join(working, "release.tar.gz");
    await downloadVerified(url, file, pin, options);
    await unpackPrograms(file, join(working, "bin"), options);
    await rm(file);
    await moveInto(working, target);
  } finally {
    await rm(working, { recursive: true, force: true });
  }
  return binDirectory;
}

async function downloadVerified(url: string, file: string, pin: ReleasePin, { signal }: Abortable): Promise<void> {
  const response = await fetch(url, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
    signal?.throwIfAborted();
    throw downloadFailure(url, "no connection", cause);
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw downloadFailure(url, `status ${response.status}`);
  }
  const hash = createHash("sha256");
  let sizeBytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      // A longer file is not the pinned one: the rest need not be read.
      done(sizeBytes > pin.sizeBytes ? mismatch(url) : null, chunk);
    },
  });
  try {
    await pipeline(response.body, measure, createWriteStream(file), signal === undefined ? {} : { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof EngineError ? cause : downloadFailure(url, "the connection broke", cause);
  }
  if (sizeBytes !== pin.sizeBytes || hash.digest("hex") !== pin.sha256) throw mismatch(url);
}

/** The release holds programs in `bin/`; whatever else a file might hold is left out. */
async function unpackPrograms(file: string, target: string, { signal }: Abortable): Promise<void> {
  await mkdir(target);
  const entries = extract();
  const reading = pipeline(createReadStream(file), createGunzip(), entries, signal === undefined ? {} : { signal });
  // Its failure also ends the loop below, and is awaited after it.
  reading.catch(() => undefined);
  for await (const entry of entries) {
    const path = posix.normalize(entry.header.name);
    const name = posix.basename(path);
    if (entry.header.type === "file" && path === `bin/${name}`) {
      await pipeline(entry, createWriteStream(join(target, name), { mode: 0o755 }));
    } else {
      entry.resume();
    }
  }
  await reading;
}

/** Another run may have been quicker; its directory is as good. */
async function moveInto(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if (!(await exists(target))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function downloadFailure(url: string, what: string, cause?: unknown): EngineError {
  return new EngineError("ENGINE_START_FAILED", `BuildKit cannot be downloaded from ${url}: ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Check the network, or install BuildKit or docker yourself.",
    retryable: true,
  });
}

function mismatch(url: string): EngineError {
  return new EngineError("ENGINE_DOWNLOAD_REFUSED", `what ${url} delivers is not the release that is pinned`, {
    hint: "Do not use that file. Try again from another network, or report it.",
    details: { url },
  });
}
