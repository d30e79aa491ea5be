import { isRecord } from "../../core/json.ts";
import type { Platform } from "../../core/platform.ts";
import { resolveDirectory } from "../exec/working-directory.ts";
import { mergeEnv } from "../settings.ts";
import type { StateValue } from "../state-value.ts";
import { containerConfig, inheritedConfig, type KnownBases, type ResolvedImage, resolvedImage } from "./base-image.ts";
import type { Healthcheck } from "./image-settings.ts";

/** An OCI image config as JSON value. */
export type OciImageConfig = Readonly<Record<string, unknown>>;

/** For which platform, and with what is known about base images. */
export interface ImageConfigOptions extends KnownBases {
  readonly platform: Platform;
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const NANOSECONDS_PER_MS = 1_000_000;

/**
 * The config of the image that is made from a state. What the state leaves open comes from its base image, where
 * that is resolved. PATH is always set on Linux, as the dockerfile frontend does it: few programs run without.
 *
 * @source https://github.com/opencontainers/image-spec/blob/v1.1.1/config.md
 */
export function imageConfig(state: StateValue, options: ImageConfigOptions): OciImageConfig {
  const { platform } = options;
  const base = resolvedImage(state.settings.image, platform, options);
  const target = state.settings.platform ?? platform;
  return {
    ...inheritedTop(base),
    architecture: target.architecture,
    os: target.os,
    ...(target.variant === undefined ? {} : { variant: target.variant }),
    config: { ...containerConfig(base), ...processConfig(state, base, target), ...declaredConfig(state, base) },
    rootfs: { type: "layers", diff_ids: [] },
  };
}

function inheritedTop(base: ResolvedImage | undefined): Record<string, unknown> {
  if (base === undefined) return {};
  const { author, history } = base.config;
  return { ...(author === undefined ? {} : { author }), ...(history === undefined ? {} : { history }) };
}

function processConfig(
  state: StateValue,
  base: ResolvedImage | undefined,
  platform: Platform,
): Record<string, unknown> {
  const inherited = inheritedConfig(base);
  const env = mergeEnv(inherited.env, state.settings.env);
  const needsPath = platform.os === "linux" && !env.some(([name]) => name === "PATH");
  const user = state.settings.user ?? inherited.user;
  return {
    Env: [...(needsPath ? [`PATH=${DEFAULT_PATH}`] : []), ...env.map(([name, value]) => `${name}=${value}`)],
    WorkingDir: resolveDirectory(state.settings.directory, inherited.workingDir),
    ...(user === "" ? {} : { User: user }),
  };
}

function declaredConfig({ image }: StateValue, base: ResolvedImage | undefined): Record<string, unknown> {
  const inherited = containerConfig(base);
  // A new entry point does not fit the arguments of the old one.
  const cmd = image.cmd ?? (image.entrypoint === undefined ? inherited.Cmd : undefined);
  const labels = { ...(isRecord(inherited.Labels) ? inherited.Labels : {}), ...image.labels };
  const ports = asSet(inherited.ExposedPorts, image.ports);
  const volumes = asSet(inherited.Volumes, image.volumes);
  return {
    ...(image.entrypoint === undefined ? {} : { Entrypoint: image.entrypoint }),
    Cmd: cmd,
    ...(Object.keys(labels).length === 0 ? {} : { Labels: labels }),
    ...(Object.keys(ports).length === 0 ? {} : { ExposedPorts: ports }),
    ...(Object.keys(volumes).length === 0 ? {} : { Volumes: volumes }),
    ...(image.stopSignal === undefined ? {} : { StopSignal: image.stopSignal }),
    ...(image.healthcheck === undefined ? {} : { Healthcheck: healthcheckJson(image.healthcheck) }),
  };
}

/** OCI writes a set as an object with empty members. */
function asSet(inherited: unknown, names: readonly string[]): Record<string, unknown> {
  return { ...(isRecord(inherited) ? inherited : {}), ...Object.fromEntries(names.map((name) => [name, {}])) };
}

function healthcheckJson(check: Healthcheck): Record<string, unknown> {
  const durations = {
    Interval: check.intervalMs,
    Timeout: check.timeoutMs,
    StartPeriod: check.startPeriodMs,
    StartInterval: check.startIntervalMs,
  };
  return {
    Test: check.test,
    ...Object.fromEntries(
      Object.entries(durations).flatMap(([name, ms]) => (ms === undefined ? [] : [[name, ms * NANOSECONDS_PER_MS]])),
    ),
    ...(check.retries === undefined ? {} : { Retries: check.retries }),
  };
}
