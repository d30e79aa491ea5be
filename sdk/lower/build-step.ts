import type { Platform } from "../core/platform.ts";
import type { BuildResult, DeferredStates, ResolvedStates, State, StateValue } from "../llb/index.ts";
import type { Package } from "../pkg/package.ts";
import type { LocalSource } from "./solve-request.ts";

/** The state that a recipe, or the contexts of a Dockerfile, make for a platform, with what is served for it. */
export interface RecipeState {
  readonly state: State;
  /** The state with what the recipe gives besides. */
  readonly result: BuildResult;
  /** Everything that the recipe made, as one state: to look for what it needs, not to build. */
  readonly roots: StateValue;
  /** What is served as `context()`. */
  readonly local: LocalSource;
  /** What the state uses that has to be resolved before there are bytes. */
  readonly deferred: DeferredStates;
  /** The states that a Dockerfile has under names; the others above stand for all of them. */
  readonly contexts?: Readonly<Record<string, State>>;
}

/** One package on one platform with everything resolved: what lowering needs, and nothing that needs I/O. */
export interface BuildStep {
  readonly title: string;
  readonly package: Package;
  readonly platform: Platform;
  /** The engine's own platform. */
  readonly buildPlatform: Platform;
  /** Preset and user's arguments, all resolved. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** What network a step gets that asks for one: an engine without a bridge of its own offers the host's. */
  readonly sandboxNetwork: "sandbox" | "host";
  /** What the package's recipe made, once it was called: nothing calls it a second time then. */
  readonly made?: RecipeState;
  /** Images in place of the packages that the recipe uses. */
  readonly packages?: ResolvedStates;
  /**
   * The session that serves the directories, in a build: an engine takes equal steps of builds that go on at the same time
   * for one, and a directory may have changed since another build began. Default: whichever the engine asks.
   */
  readonly sessionId?: string;
  /** There is so little in the package's directory that all of it may go over at once. Default false. */
  readonly isSmallContext?: boolean;
}
