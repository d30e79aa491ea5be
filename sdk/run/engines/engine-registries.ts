import { resolve } from "node:path";
import { checkMirrors } from "../../credentials/mirrors.ts";
import type { RegistrySettings } from "../../credentials/registry-policy.ts";
import type { RegistryAccess } from "../../engine/lifecycle/daemon-config.ts";

/** Engines cannot be told of every registry; these are the ones that base images commonly come from. */
const COMMON = [
  "docker.io",
  "gcr.io",
  "ghcr.io",
  "mcr.microsoft.com",
  "public.ecr.aws",
  "quay.io",
  "registry.k8s.io",
] as const;

/** The same settings for an engine that is started. A mirror for every registry counts for the common ones. */
export function engineAccess({
  mirrors = {},
  plainHttp = [],
  certificateFiles = [],
}: RegistrySettings): RegistryAccess {
  const { "*": every, ...named } = checkMirrors(mirrors);
  const all = every === undefined ? named : { ...Object.fromEntries(COMMON.map((host) => [host, every])), ...named };
  return {
    ...(plainHttp.length === 0 ? {} : { registries: plainHttp }),
    ...(Object.keys(all).length === 0
      ? {}
      : { mirrors: Object.fromEntries(Object.entries(all).map(([host, address]) => [host, [address]])) }),
    ...(certificateFiles.length === 0 ? {} : { certificateFiles: certificateFiles.map((file) => resolve(file)) }),
  };
}
