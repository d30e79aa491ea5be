import type { Abortable } from "../core/abort.ts";
import { EngineError } from "../core/errors.ts";
import { formatPlatform, type Platform, parsePlatform } from "../core/platform.ts";
import { Control } from "../proto/gen/control_pb.js";
import type { Platform as WorkerPlatform } from "../proto/gen/ops_pb.js";
import type { GrpcClient } from "../wire/grpc-client.ts";
import { StatusError } from "../wire/status.ts";
import type { EngineInfo } from "./engine.ts";
import type { EngineKind } from "./transport.ts";

/** The oldest BuildKit that is supported: the first that takes a list of exporters. */
const FLOOR = { major: 0, minor: 13 } as const;
const SNAPSHOTTER_LABEL = "org.mobyproject.buildkit.worker.snapshotter";
const BUILDKIT_EXPORTERS = ["image", "oci", "docker", "tar", "local"];
const DOCKER_EXPORTERS = ["moby", "image", "oci", "docker", "tar", "local"];
const GRAPHDRIVER_EXPORTERS = ["moby", "tar", "local"];

/** What hardware runs besides its own architecture, if the worker lists it. */
const ALSO_NATIVE: Readonly<Record<string, readonly string[]>> = {
  amd64: ["386"],
  arm64: ["arm"],
  ppc64le: [],
  riscv64: [],
};

/**
 * Asks a daemon what it is.
 *
 * @throws EngineError `ENGINE_TOO_OLD` below BuildKit 0.13
 * @throws StatusError if the daemon does not answer
 */
export async function readEngineInfo(client: GrpcClient, kind: EngineKind, options: Abortable): Promise<EngineInfo> {
  const [version, workers] = await Promise.all([
    readVersion(client, options),
    client.unary(Control.method.listWorkers, {}, options),
  ]);
  refuseOld(version);
  const worker = workers.record[0];
  const labels = worker?.Labels ?? {};
  const platforms = (worker?.platforms ?? []).flatMap(readPlatform);
  return Object.freeze({
    version,
    platforms: Object.freeze(platforms),
    nativePlatforms: Object.freeze(nativeOf(platforms)),
    exporters: Object.freeze(exportersOf(kind, labels)),
    labels: Object.freeze({ ...labels }),
  });
}

/** The version without leading v, or "unknown": daemons built without a version stamp say 0.0.0. */
async function readVersion(client: GrpcClient, options: Abortable): Promise<string> {
  try {
    const { buildkitVersion } = await client.unary(Control.method.info, {}, options);
    const version = (buildkitVersion?.version ?? "").replace(/^v/, "");
    return version === "" || version.startsWith("0.0.0") ? "unknown" : version;
  } catch (error) {
    // Info came with 0.11.
    if (error instanceof StatusError && error.status === "UNIMPLEMENTED") return "0.10.0";
    throw error;
  }
}

function refuseOld(version: string): void {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined || Number(major) > FLOOR.major || Number(minor) >= FLOOR.minor) return;
  throw new EngineError("ENGINE_TOO_OLD", `the engine has BuildKit ${version}, the oldest supported is 0.13`, {
    hint: "Upgrade the engine, or let kitsmith start one of its own.",
    details: { version },
  });
}

function readPlatform(platform: WorkerPlatform): Platform[] {
  const parts = [platform.OS, platform.Architecture, ...(platform.Variant === "" ? [] : [platform.Variant])];
  try {
    return [parsePlatform(parts.join("/"))];
  } catch {
    return [];
  }
}

/** A worker lists its own platform first, and emulated ones without a mark. */
function nativeOf(platforms: readonly Platform[]): Platform[] {
  const own = platforms[0];
  if (own === undefined) return [];
  const architectures = [own.architecture, ...(ALSO_NATIVE[own.architecture] ?? [])];
  const native = platforms.filter(({ os, architecture }) => os === own.os && architectures.includes(architecture));
  return [...new Map(native.map((platform) => [formatPlatform(platform), platform])).values()];
}

function exportersOf(kind: EngineKind, labels: Readonly<Record<string, string>>): string[] {
  if (kind === "buildkit") return BUILDKIT_EXPORTERS;
  return SNAPSHOTTER_LABEL in labels ? DOCKER_EXPORTERS : GRAPHDRIVER_EXPORTERS;
}
