import type { LinuxResources } from "../llb/exec/exec.ts";
import type { DockerfileOptions } from "../pkg/dockerfile-options.ts";

/**
 * Options of a Dockerfile as its frontend names them; what is not said is not there.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/frontend/dockerui/config.go
 */
export function dockerfileAttributes(options: DockerfileOptions): Readonly<Record<string, string>> {
  const { hosts = {}, ulimits = {}, noCacheFilter = [], resources = {} } = options;
  return present({
    "build-arg:BUILDKIT_SYNTAX": options.syntax,
    "build-arg:BUILDKIT_DOCKERFILE_CHECK": options.check,
    "add-hosts": joined(Object.entries(hosts).map(([name, address]) => `${name}=${address}`)),
    hostname: options.hostname,
    "shm-size": options.shmSizeBytes,
    ulimit: joined(Object.entries(ulimits).map(([name, limit]) => `${name}=${ulimitText(limit)}`)),
    "cgroup-parent": options.cgroupParent,
    ...resourceAttributes(resources),
    "image-resolve-mode": options.resolveMode,
    "no-cache": joined(noCacheFilter),
    "force-network-mode": options.network,
    "build-arg:BUILDKIT_CACHE_MOUNT_NS": options.cacheMountNamespace,
    "build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR": options.keepGitDir,
    "build-arg:BUILDKIT_GIT_ADVICE": options.gitAdvice,
  });
}

function resourceAttributes(resources: LinuxResources): Readonly<Record<string, number | bigint | string | undefined>> {
  return {
    memory: resources.memoryBytes,
    memswap: resources.memorySwapBytes,
    cpushares: resources.cpuShares,
    cpuperiod: resources.cpuPeriodUs,
    cpuquota: resources.cpuQuotaUs,
    cpusetcpus: resources.cpusetCpus,
    cpusetmems: resources.cpusetMems,
  };
}

function ulimitText(limit: NonNullable<DockerfileOptions["ulimits"]>[string]): string {
  return typeof limit === "object" ? `${limit.soft}:${limit.hard}` : `${limit}:${limit}`;
}

function joined(parts: readonly string[]): string | undefined {
  return parts.length === 0 ? undefined : parts.join(",");
}

function present(
  values: Readonly<Record<string, string | number | bigint | boolean | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
