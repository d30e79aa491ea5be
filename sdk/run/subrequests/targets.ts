import { deepFreeze } from "../../core/freeze.ts";
import type { SourceLines } from "../../core/source-lines.ts";
import { type FrontendAnswer, linesOf, recordsOf, textOf } from "./answer.ts";

/** A stage of a Dockerfile that can be built. */
export interface BuildTarget {
  /** "" for one without name. */
  readonly name: string;
  /** The one that is built if none is named. */
  readonly default: boolean;
  /** From the comment above it. */
  readonly description: string;
  /** What it starts from. */
  readonly base: string;
  /** The platform that it names itself; "" if it names none. */
  readonly platform: string;
  readonly source?: SourceLines;
}

/** The stages in an answer to `frontend.targets`, in the Dockerfile's order. */
export function buildTargets(answer: FrontendAnswer): readonly BuildTarget[] {
  return deepFreeze(
    recordsOf(answer.value.targets).map((target) => ({
      name: textOf(target.name),
      default: target.default === true,
      description: textOf(target.description),
      base: textOf(target.base),
      platform: textOf(target.platform),
      ...linesOf(answer, target.location),
    })),
  );
}
