import { execFile } from "node:child_process";
import { access, constants, mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import type { Abortable } from "../../core/abort.ts";
import { isKitsmithError } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import { connectEngine } from "../../engine/connect-engine.ts";
import { discoverEngine, type TriedEngine } from "../../engine/discovery/discover-engine.ts";
import { openCache } from "../../oci/layout/cache.ts";
import { defaultCacheDirectory } from "../destinations/cache-directory.ts";

/** What was looked at, and what came out. */
export interface Finding {
  readonly subject: string;
  readonly ok: boolean;
  readonly detail: string;
  /** What to do where it is not. */
  readonly hint?: string;
}

/** Looks at what kitsmith needs on this machine. Nothing is started, and nothing is changed but that the cache directory is made. */
export async function diagnose(options: Abortable = {}): Promise<readonly Finding[]> {
  return await Promise.all([
    checkNode(),
    checkGit(options),
    checkCache(options),
    checkEngine(options),
    checkOwnEngine(),
  ]);
}

async function checkNode(): Promise<Finding> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return {
    subject: "Node.js",
    ok,
    detail: process.versions.node,
    ...(ok ? {} : { hint: "Install Node.js 20.19 or newer." }),
  };
}

async function checkGit({ signal }: Abortable): Promise<Finding> {
  try {
    const { stdout } = await promisify(execFile)("git", ["--version"], { signal });
    return { subject: "git", ok: true, detail: stdout.trim() };
  } catch {
    return {
      subject: "git",
      ok: false,
      detail: "git cannot be run",
      hint: "Install git: tags are made from its hashes.",
    };
  }
}

async function checkCache(options: Abortable): Promise<Finding> {
  const subject = "OCI cache";
  const directory = defaultCacheDirectory();
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.W_OK);
    const names = await (await openCache(directory, options)).list(options);
    return { subject, ok: true, detail: `${directory}: ${names.length} names` };
  } catch (error) {
    return failure(subject, error, `Check ${directory}, or set LINUXKIT_CACHE to another directory.`);
  }
}

async function checkEngine({ signal }: Abortable): Promise<Finding> {
  const subject = "engine";
  const platform: Platform = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
  try {
    const { engine, candidate } = await discoverEngine({
      env: process.env,
      platform,
      signal,
      connect: ({ address, kind, tls }, options) =>
        connectEngine(address, { ...options, kind, ...(tls ? { tls } : {}) }),
    });
    await using connected = engine;
    const { version, nativePlatforms } = await connected.info({ signal });
    const native = nativePlatforms.map(formatPlatform).join(", ");
    return {
      subject,
      ok: true,
      detail: `${candidate.address} (${candidate.origin}), BuildKit ${version}, native: ${native}`,
    };
  } catch (error) {
    const tried = isKitsmithError(error) ? error.details.tried : undefined;
    const hint = "A build starts an engine of kitsmith's own where it can; else start docker or buildkitd.";
    if (!Array.isArray(tried)) return failure(subject, error, hint);
    const places = tried.filter(isTried).map(({ origin, reason }) => `\n    ${origin}: ${reason}`);
    return { subject, ok: false, detail: `none runs${places.join("")}`, hint };
  }
}

async function checkOwnEngine(): Promise<Finding> {
  const ok = process.platform === "linux" && process.getuid?.() === 0;
  const detail = ok ? "can be started" : "cannot be started: that needs root on Linux";
  return {
    subject: "engine of kitsmith's own",
    ok,
    detail,
    ...(ok ? {} : { hint: "Name a running engine with BUILDKIT_HOST or DOCKER_HOST." }),
  };
}

function isTried(value: unknown): value is TriedEngine {
  return typeof value === "object" && value !== null && "origin" in value && "reason" in value;
}

function failure(subject: string, error: unknown, hint: string): Finding {
  return { subject, ok: false, detail: error instanceof Error ? error.message : String(error), hint };
}
