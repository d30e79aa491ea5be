import { deepFreeze } from "../../core/freeze.ts";
import { isRecord } from "../../core/json.ts";
import type { SourceLines } from "../../core/source-lines.ts";
import { type FrontendAnswer, linesOf, recordsOf, textOf } from "./answer.ts";

/** What a Dockerfile does that a rule advises against. */
export interface LintWarning {
  /** Such as `JSONArgsRecommended`. */
  readonly rule: string;
  readonly message: string;
  /** What the rule is about. */
  readonly description: string;
  /** Where the rule is explained; "" for nowhere. */
  readonly url: string;
  readonly source?: SourceLines;
}

/** What the frontend's own checks say of a Dockerfile. */
export interface LintReport {
  /** True if there is neither a warning nor an error. */
  readonly ok: boolean;
  /** In the order of their lines. */
  readonly warnings: readonly LintWarning[];
  /** Why the Dockerfile cannot be built at all. */
  readonly error?: { readonly message: string; readonly source?: SourceLines };
}

/** The report in an answer to `frontend.lint`. */
export function lintReport(answer: FrontendAnswer): LintReport {
  const { warnings: given, buildError } = answer.value;
  const warnings = recordsOf(given).map(
    (warning): LintWarning => ({
      rule: textOf(warning.ruleName),
      message: textOf(warning.detail),
      description: textOf(warning.description),
      url: textOf(warning.url),
      ...linesOf(answer, warning.location),
    }),
  );
  const line = ({ source }: LintWarning): number => source?.startLine ?? 0;
  return deepFreeze({
    ok: warnings.length === 0 && !isRecord(buildError),
    warnings: warnings.toSorted((left, right) => line(left) - line(right)),
    ...(isRecord(buildError)
      ? { error: { message: textOf(buildError.message), ...linesOf(answer, buildError.location) } }
      : {}),
  });
}
