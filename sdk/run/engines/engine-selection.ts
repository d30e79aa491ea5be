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
  | ({ readonly kind: "docker" } & DockerPlace)
  | ({ readonly kind: "container" } & ContainerEngineOptions);

/** Which docker daemon; with neither, the one that the docker CLI would use. */
export interface DockerPlace {
  readonly host?: string;
  readonly context?: string;
}

/** The container of {@link Engines.container}. What is not named is taken as it is, where there is a container already. */
export interface ContainerEngineOptions {
  /** Default `linuxkit-builder`, which the LinuxKit CLI uses, too. What is built is kept in the volume `NAME-state`. */
  readonly name?: string;
  /** A container of another image is made anew, without its volume. Default: `moby/buildkit`, of a release that fits. */
  readonly image?: string;
  /**
   * A buildkitd.toml of this machine. The certificates and keys that it names for registries go into the container, too; a
   * container with other settings is made anew.
   */
  readonly config?: string;
  /** Makes the container anew, once in a run. Default false. */
  readonly restart?: boolean;
  /** The container's network, as docker names it. Default: docker's own, or `host` where docker has no bridge. */
  readonly network?: string;
  /**
   * Whose container. Default, for each platform: the docker context that `LINUXKIT_BUILDERS` names for it, the context
   * `linuxkit-<os>-<arch>`, else the docker that its CLI would use.
   */
  readonly docker?: DockerPlace;
}

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

/** Engines by platform; a text is an address: `unix:///run/buildkit/buildkitd.sock`, `tcp://host:1234`, `docker-container://name`. */
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
  docker(options?: DockerPlace): EngineChoice;
  /**
   * A buildkitd in a container of a docker daemon: it is created and started where it is not there, and made anew where it
   * is not as it shall be. It goes on running after the run.
   */
  container(options?: ContainerEngineOptions): EngineChoice;
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
    docker: (options: DockerPlace = {}): EngineChoice => ({ kind: "docker", ...options }),
    container: (options: ContainerEngineOptions = {}): EngineChoice => ({ kind: "container", ...options }),
    buildkit: (address: string, tls?: EngineTls): EngineChoice => ({
      kind: "address",
      address,
      ...(tls ? { tls } : {}),
    }),
  }),
);
