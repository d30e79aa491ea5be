import type { Abortable } from "../../core/abort.ts";
import { childEnvironment } from "./child-environment.ts";

/** How a program is run to its end. */
export interface ProgramRun extends Abortable {
  readonly cwd?: string | undefined;
  /** Added to {@link childEnvironment}. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What came of it. A program that cannot be started counts as failed. */
export interface ProgramResult {
  readonly failed: boolean;
  readonly stdout: string;
  /** What went wrong, for people: the program's own words where it has any. */
  readonly problem: string;
  readonly cause: unknown;
}

/** Runs a program to its end; rejects only with the signal's reason. */
export async function runProgram(
  command: readonly [string, ...string[]],
  { signal, cwd, environment }: ProgramRun = {},
): Promise<ProgramResult> {
  signal?.throwIfAborted();
  const { execa } = await import("execa");
  const [file, ...args] = command;
  const result = await execa(file, args, {
    reject: false,
    stdin: "ignore",
    extendEnv: false,
    env: childEnvironment(environment),
    ...(cwd === undefined ? {} : { cwd }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  });
  signal?.throwIfAborted();
  return {
    failed: result.failed,
    stdout: result.stdout,
    problem: `${file} failed: ${result.stderr || result.shortMessage || `exit code ${result.exitCode}`}`,
    cause: result.failed ? result : undefined,
  };
}
