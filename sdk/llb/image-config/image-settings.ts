/** When and how a container is asked whether it is well; durations are milliseconds. */
export interface Healthcheck {
  /** `["CMD", …]`, `["CMD-SHELL", text]` or `["NONE"]`. */
  readonly test: readonly string[];
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly startPeriodMs?: number;
  readonly startIntervalMs?: number;
  readonly retries?: number;
}

/** What a state says about the image that is made from it; what is undefined comes from the base image. */
export interface ImageSettings {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Such as `80/tcp`. */
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly stopSignal?: string;
  readonly healthcheck?: Healthcheck;
}

/** Nothing said. */
export const EMPTY_IMAGE_SETTINGS: ImageSettings = Object.freeze({
  labels: Object.freeze({}),
  ports: Object.freeze([]),
  volumes: Object.freeze([]),
});

/** The settings with some members replaced. */
export function withImageSettings(settings: ImageSettings, change: Partial<ImageSettings>): ImageSettings {
  return Object.freeze({ ...settings, ...change });
}
