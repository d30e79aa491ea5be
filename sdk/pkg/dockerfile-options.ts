import { InputError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import type { LinuxResources } from "../llb/exec/exec.ts";
import { isAddress, type UlimitValue } from "../llb/exec/process-argument.ts";

/** What can be said of a Dockerfile's build besides its arguments: names as in recipes, else as in docker's own tools. */
export interface DockerfileOptions {
  /** The frontend image that reads the Dockerfile, over its `# syntax=` line. */
  readonly syntax?: string;
  /** Which rules `RUN` and other instructions are checked by, over the Dockerfile's `# check=` line: `skip=all`, `error=true`, … */
  readonly check?: string;
  /** Lines for /etc/hosts of steps: name → address. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** The name of the machine that steps see. */
  readonly hostname?: string;
  /** The size of /dev/shm of steps. Default 64 MiB. */
  readonly shmSizeBytes?: number;
  /** Limits of steps such as `nofile`: one number, or soft and hard. */
  readonly ulimits?: Readonly<Record<string, UlimitValue>>;
  readonly cgroupParent?: string;
  /** Limits of the control group of steps; no part of the cache key. */
  readonly resources?: LinuxResources;
  /** Whether the engine's own images stand in for those of a registry: `default` at last, `local` first, `pull` never. */
  readonly resolveMode?: "default" | "pull" | "local";
  /** The network of steps that name none, over `network()`. `host` needs an engine that allows it. */
  readonly network?: "none" | "sandbox" | "host";
  /** Runs the steps of these stages again. `noCache()` is for all of them. */
  readonly noCacheFilter?: readonly string[];
  /** Goes before the ids of cache mounts, so that two projects do not share them. */
  readonly cacheMountNamespace?: string;
  /** Keep `.git` of git contexts. Default false. */
  readonly keepGitDir?: boolean;
  /** Let git print its advice. Default false. */
  readonly gitAdvice?: boolean;
  /** What steps may ask for that an engine has to allow: `RUN --security=insecure`, `RUN --network=host`. */
  readonly allow?: readonly ("network.host" | "security.insecure")[];
}

const HOST = /^[^\s=,"]+$/;
const WORD = /^[^\s,"]+$/;

/**
 * The options as frozen values.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function dockerfileOptionsOf(options: DockerfileOptions): DockerfileOptions {
  const { hosts = {}, ulimits = {}, shmSizeBytes, resources = {}, noCacheFilter = [] } = options;
  for (const [host, address] of Object.entries(hosts)) {
    if (!HOST.test(host)) throw invalid("hosts", `"${host}" cannot name a host`);
    if (!isAddress(address)) throw invalid("hosts", `"${address}" is no IP address`);
  }
  for (const [name, limit] of Object.entries(ulimits)) {
    const { soft, hard } = typeof limit === "object" ? limit : { soft: limit, hard: limit };
    if (!/^[a-z]+$/.test(name)) throw invalid("ulimits", `"${name}" is no limit`);
    if (!isCount(soft, -1n) || !isCount(hard, -1n)) throw invalid("ulimits", `${name} is no whole number, nor -1`);
  }
  if (shmSizeBytes !== undefined && !isCount(shmSizeBytes, 1n)) throw invalid("shmSizeBytes", "is no size");
  checkResources(resources);
  for (const stage of noCacheFilter) {
    if (!WORD.test(stage)) throw invalid("noCacheFilter", `"${stage}" is no stage`);
  }
  return deepFreeze({ ...options });
}

function checkResources(resources: LinuxResources): void {
  for (const [name, value] of Object.entries(resources)) {
    if (value === undefined) continue;
    const isAllowed =
      typeof value === "string" ? /^[\d,-]+$/.test(value) : isCount(value, name === "memorySwapBytes" ? -1n : 1n);
    if (!isAllowed || value === 0) throw invalid("resources", `${name} is no limit`);
  }
}

function isCount(value: number | bigint, least: bigint): boolean {
  if (typeof value === "number" && !Number.isSafeInteger(value)) return false;
  return BigInt(value) >= least && BigInt(value) < 2n ** 63n;
}

function invalid(option: string, problem: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", `the option ${option} of the Dockerfile: ${problem}`, {
    details: { option },
  });
}
