import { BuildError } from "../../core/errors.ts";
import type { Container, ExecOptions, ExecResult } from "../../engine/container/container.ts";
import type { FailedStateOptions, OpenFailedStep } from "../../engine/container/failed-step.ts";
import type { OpenJob } from "../../engine/engine.ts";

/** The step that failed, to be looked into as long as the function runs that it was given to. */
export interface FailedStep extends Pick<OpenFailedStep, "command" | "action" | "states"> {
  /** What the run will reject with. */
  readonly error: BuildError;
  /**
   * The names in a directory, sorted.
   *
   * @throws ContentError `CONTENT_NOT_FOUND`; EngineError `ENGINE_FEATURE_MISSING` for an engine that cannot tell
   */
  readDirectory(path: string, options?: FailedStateOptions): Promise<readonly string[]>;
  /**
   * Runs a program as the step's was run, in a container of its own. Any exit code is a result.
   *
   * @throws BuildError `BUILD_PROCESS_FAILED`; EngineError `ENGINE_FEATURE_MISSING` for a state that was not kept
   */
  exec(args: readonly string[], options?: ExecOptions & FailedStateOptions): Promise<ExecResult>;
  /** A container with the step's mounts, secrets and agents, whose programs are run as the step's was. */
  openContainer(options?: FailedStateOptions): Promise<Container>;
}

/** Looks into a step that failed; it is waited for. */
export type FailureFunction = (step: FailedStep) => unknown;

/** Shows the step that an error of a job is about, if there is one and the daemon has kept something of it. */
export async function showFailure(job: OpenJob, error: unknown, show: FailureFunction): Promise<void> {
  const step = job.failedStep(error);
  if (step === undefined || step.states.length === 0 || !(error instanceof BuildError)) return;
  await show(createFailedStep(error, step));
}

function createFailedStep(error: BuildError, step: OpenFailedStep): FailedStep {
  const { states, command, action } = step;
  return Object.freeze({
    ...{ error, states },
    ...(command === undefined ? {} : { command }),
    ...(action === undefined ? {} : { action }),
    async readDirectory(path: string, options: FailedStateOptions = {}) {
      const entries = await step.readDir(path, options);
      return entries.map((entry) => entry.path).sort();
    },
    async exec(args: readonly string[], { state, ...options }: ExecOptions & FailedStateOptions = {}) {
      const { signal } = options;
      await using container = await step.openContainer({ signal, ...(state === undefined ? {} : { state }) });
      return await container.exec(args, options);
    },
    openContainer: (options: FailedStateOptions = {}) => step.openContainer(options),
  });
}
