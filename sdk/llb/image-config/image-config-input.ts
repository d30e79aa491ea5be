import { isRecord } from "../../core/json.ts";
import { checkPlatform } from "../argument.ts";
import { type Settings, withDirectory, withEnv, withSettings } from "../settings.ts";
import type { StateValue } from "../state-value.ts";
import { containerConfig, inheritedConfig, type ResolvedImage } from "./base-image.ts";
import type { OciImageConfig } from "./image-config.ts";
import { type Healthcheck, type ImageSettings, withImageSettings } from "./image-settings.ts";

const NANOSECONDS_PER_MS = 1_000_000;

/** The settings of a state after it has taken over an image config; members of the wrong type are passed over. */
export function applyImageConfig(state: StateValue, config: OciImageConfig): Pick<StateValue, "settings" | "image"> {
  const resolved: ResolvedImage = { config };
  return { settings: processSettings(state.settings, resolved), image: imageSettings(state.image, resolved) };
}

function processSettings(settings: Settings, resolved: ResolvedImage): Settings {
  const { env, workingDir, user } = inheritedConfig(resolved);
  const { os, architecture, variant } = resolved.config;
  const next = withDirectory(withEnv(settings, env), workingDir);
  const platform =
    isText(os) && isText(architecture)
      ? checkPlatform({ os, architecture, ...(isText(variant) ? { variant } : {}) }, "withImageConfig")
      : undefined;
  return withSettings(next, { ...(user === "" ? {} : { user }), ...(platform === undefined ? {} : { platform }) });
}

function imageSettings(settings: ImageSettings, resolved: ResolvedImage): ImageSettings {
  const { Entrypoint, Cmd, Labels, ExposedPorts, Volumes, StopSignal, Healthcheck } = containerConfig(resolved);
  const healthcheck = readHealthcheck(Healthcheck);
  return withImageSettings(settings, {
    ...(isTexts(Entrypoint) ? { entrypoint: Object.freeze([...Entrypoint]) } : {}),
    ...(isTexts(Cmd) ? { cmd: Object.freeze([...Cmd]) } : {}),
    labels: Object.freeze({ ...settings.labels, ...readLabels(Labels) }),
    ports: union(settings.ports, ExposedPorts),
    volumes: union(settings.volumes, Volumes),
    ...(isText(StopSignal) ? { stopSignal: StopSignal } : {}),
    ...(healthcheck === undefined ? {} : { healthcheck }),
  });
}

function readLabels(labels: unknown): Record<string, string> {
  const entries = isRecord(labels) ? Object.entries(labels) : [];
  return Object.fromEntries(entries.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}

function readHealthcheck(check: unknown): Healthcheck | undefined {
  if (!isRecord(check) || !isTexts(check.Test)) return undefined;
  const durations = {
    intervalMs: check.Interval,
    timeoutMs: check.Timeout,
    startPeriodMs: check.StartPeriod,
    startIntervalMs: check.StartInterval,
  };
  return Object.freeze({
    test: Object.freeze([...check.Test]),
    ...Object.fromEntries(
      Object.entries(durations).flatMap(([name, ns]) =>
        typeof ns === "number" ? [[name, ns / NANOSECONDS_PER_MS]] : [],
      ),
    ),
    ...(typeof check.Retries === "number" ? { retries: check.Retries } : {}),
  });
}

function union(names: readonly string[], added: unknown): readonly string[] {
  return Object.freeze([...new Set([...names, ...(isRecord(added) ? Object.keys(added) : [])])]);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((element) => typeof element === "string");
}
