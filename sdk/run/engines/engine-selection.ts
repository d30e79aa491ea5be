import { InputError } from "../../core/errors.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { PlatformText } from "../../core/platform.ts";
import type { EmulationPolicy } from "../../plan/engine-assignment.ts";

/** TLS for a tcp engine: PEM contents. With `cert` and `key` the client shows itself too. */
export interface EngineTls {
  readonly ca?: string | Uint8Array;
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  readonly serverName?: string;
}

/** One engine, named but not yet connected to. */
export type EngineChoice =
  | { readonly kind: "local" }
  | { readonly kind: "address"; readonly address: string; readonly tls?: EngineTls }
  | { readonly kind: "docker"; readonly host?: string; readonly context?: string };

/** Which engine builds which platform. */
export interface EngineSelection {
  readonly byPlatform: Readonly<Record<PlatformText, EngineChoice>>;
  readonly default: EngineChoice;
  readonly emulation: EmulationPolicy;
  /** Undefined: what each engine's size allows. */
  readonly parallel?: number;
}

/** Options of {@link engines}. */
export interface EngineSelectionOptions {
  /**
   * Whether steps may run under emulation. Default `never`: emulated builds are slow and sometimes wrong, so they are
   * asked for and never a surprise.
   */
  readonly emulation?: EmulationPolicy;
  /**
   * How many builds an engine gets at once. Default: sixteen for each of its processors; for an engine elsewhere that does
   * not tell how many it has, sixteen. How many of their steps run at once is the daemon's own setting.
   */
  readonly parallel?: number;
}

/** Engines by platform; a text is an address such as `unix:///run/buildkit/buildkitd.sock` or `tcp://host:1234`. */
export type EngineMap = Readonly<Record<PlatformText | "default", EngineChoice | string>>;

/** Discovery on this machine; what a run does where nothing is named. */
export const LOCAL_ENGINES: EngineSelection = deepFreeze({
  byPlatform: {},
  default: { kind: "local" },
  emulation: "never",
});

function selectEngines(map: Partial<EngineMap>, options: EngineSelectionOptions = {}): EngineSelection {
  const { default: fallback, ...named } = map;
  const entries = Object.entries(named).flatMap(([platform, choice]) =>
    choice === undefined ? [] : [[platform, toChoice(choice)] as const],
  );
  return deepFreeze({
    byPlatform: Object.fromEntries(entries),
    default: fallback === undefined ? LOCAL_ENGINES.default : toChoice(fallback),
    emulation: options.emulation ?? LOCAL_ENGINES.emulation,
    ...(options.parallel === undefined ? {} : { parallel: parseParallel(options.parallel) }),
  });
}

function parseParallel(parallel: number): number {
  if (Number.isSafeInteger(parallel) && parallel > 0) return parallel;
  throw new InputError("INPUT_OPTION_INVALID", `${parallel} is no number of parallel builds`, {
    hint: "Give a whole number above zero.",
  });
}

/** Takes whatever names engines: a selection, one engine, or an address. */
export function selectionOf(given: EngineSelection | EngineChoice | string): EngineSelection {
  return typeof given === "object" && "byPlatform" in given ? given : selectEngines({ default: given });
}

function toChoice(choice: EngineChoice | string): EngineChoice {
  return typeof choice === "string" ? { kind: "address", address: choice } : { ...choice };
}

/** The type of {@link engines}. */
export interface Engines {
  (map: Partial<EngineMap>, options?: EngineSelectionOptions): EngineSelection;
  /** What is there, else one that kitsmith starts. */
  local(): EngineChoice;
  /** A docker daemon's BuildKit: by host, by context, or the one that the docker CLI would use. */
  docker(options?: { readonly host?: string; readonly context?: string }): EngineChoice;
  /** A buildkitd by address. */
  buildkit(address: string, tls?: EngineTls): EngineChoice;
}

/**
 * Names the engine for each platform. Nothing is connected until a package has to be built.
 *
 * @example
 * ```ts
 * const farm = engines({ "linux/arm64": engines.buildkit("tcp://arm-box:1234"), default: engines.local() }, { emulation: "never" });
 * await pkg("pkg/init").engines(farm).push();
 * ```
 */
export const engines: Engines = Object.freeze(
  Object.assign(selectEngines, {
    local: (): EngineChoice => ({ kind: "local" }),
    docker: (options: { readonly host?: string; readonly context?: string } = {}): EngineChoice => ({
      kind: "docker",
      ...options,
    }),
    buildkit: (address: string, tls?: EngineTls): EngineChoice => ({
      kind: "address",
      address,
      ...(tls ? { tls } : {}),
    }),
  }),
);
