import type { ErrorCode } from "../core/error-codes.ts";
import { InputError, type SourceLocation } from "../core/errors.ts";

/** One thing that is wrong with a file that the user wrote. */
export interface Problem {
  readonly code: ErrorCode<"InputError">;
  readonly message: string;
  readonly location: SourceLocation;
  readonly hint?: string;
}

/**
 * One error for all problems of a file: its code, place and hint are those of the first, its message lists all, and
 * `details.problems` holds them as data.
 */
function problemsError(problems: readonly [Problem, ...Problem[]]): InputError {
  const ordered = [...problems].sort((a, b) => position(a.location) - position(b.location));
  const [first = problems[0], ...others] = ordered;
  const lines = others.map(
    ({ location, message }) => `  ${location.file}:${location.line}:${location.column}: ${message}`,
  );
  const hint = ordered.find((problem) => problem.hint !== undefined)?.hint;
  return new InputError(first.code, [first.message, ...lines].join("\n"), {
    location: first.location,
    ...(hint === undefined ? {} : { hint }),
    details: { problems: ordered },
  });
}

/** Collects problems, so that all of them are reported at once. */
export interface ProblemList {
  readonly add: (problem: Problem) => void;
  /** Runs a step; an InputError of it becomes a problem at the place, and the result is undefined. */
  readonly attempt: <T>(location: SourceLocation, step: () => T) => T | undefined;
  /** Throws one error if there are any problems. */
  readonly throwAny: () => void;
}

/** Starts an empty list. */
export function createProblemList(): ProblemList {
  const problems: Problem[] = [];
  return {
    add: (problem) => void problems.push(problem),
    attempt: (location, step) => {
      try {
        return step();
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        problems.push(asProblem(error, location));
        return undefined;
      }
    },
    throwAny: () => {
      const [first, ...others] = problems;
      if (first !== undefined) throw problemsError([first, ...others]);
    },
  };
}

/** An error as a problem, without the code and the place that its message begins with. */
function asProblem(error: InputError, location: SourceLocation): Problem {
  const place = error.location;
  const own = place ? `${[place.file, place.line, place.column].filter((part) => part !== undefined).join(":")}: ` : "";
  const message = error.message.slice(`[${error.code}] ${own}`.length);
  return {
    code: error.code,
    message,
    location: place ?? location,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  };
}

function position(location: SourceLocation): number {
  return (location.line ?? 0) * 1_000_000 + (location.column ?? 0);
}
