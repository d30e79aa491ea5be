import type { Abortable } from "../../core/abort.ts";
import type { FileStat } from "../../core/file-stat.ts";
import type { Container } from "./container.ts";

/** What an exec ran. */
export interface FailedCommand {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Empty for root. */
  readonly user: string;
}

/** What a file op did; of several actions, the one that failed. */
export interface FailedAction {
  readonly kind: "copy" | "mkfile" | "mkdir" | "rm" | "symlink";
  /** Where it was to write, or what it was to remove. */
  readonly path: string;
  /** What a copy was to copy, as a path of its source. */
  readonly source?: string;
}

/** Which files: as the step left them, as it found them, or what it was to read, such as the source of a copy. */
export type FailedState = "failed" | "before" | "source";

/** How a failed step is looked into. */
export interface FailedStateOptions extends Abortable {
  /** Default: the first of the step's states. */
  readonly state?: FailedState;
}

/** A step that failed, as its job still has it. */
export interface OpenFailedStep {
  /** Undefined for a file op. */
  readonly command?: FailedCommand;
  /** Undefined for an exec. */
  readonly action?: FailedAction;
  /** What there is of it: `failed` first. A copy whose source is not there was not begun, and has only that source. */
  readonly states: readonly FailedState[];
  /**
   * A container with the step's mounts, whose programs are run as the step's was; of a file op, over its files.
   *
   * @throws EngineError `ENGINE_FEATURE_MISSING` if the daemon has kept no such state
   */
  openContainer(options?: FailedStateOptions): Promise<Container>;
  /**
   * What lies in a directory of the root.
   *
   * @throws ContentError `CONTENT_NOT_FOUND`; EngineError `ENGINE_FEATURE_MISSING`
   */
  readDir(path: string, options?: FailedStateOptions): Promise<readonly FileStat[]>;
}
