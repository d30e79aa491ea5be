import type { Range, Sample } from "./measurement.ts";
import type { BenchSize } from "./size.ts";

/** What every result says. */
interface ResultBase {
  /** The program that measured it. */
  readonly bench: string;
  readonly what: string;
  /** What the ratio or the value must not be above, and what it should not be above. */
  readonly limit?: number | undefined;
  readonly aim?: number | undefined;
}

/** Ours beside a peer's, in the same run: medians' ratio, and the widest that single rounds would give. */
export interface ComparisonResult extends ResultBase {
  readonly kind: "comparison";
  readonly ours: Sample;
  readonly peer: Sample & { readonly name: string };
  readonly ratio: number;
  readonly spread: Range;
}

/** A figure that stands alone. */
export interface FigureResult extends ResultBase {
  readonly kind: "figure";
  readonly value: number;
  readonly unit: "ms" | "MB" | "×";
  /** Of single rounds, where it was measured in several. */
  readonly spread?: Range | undefined;
}

/** One line of a report. */
export type Result = ComparisonResult | FigureResult;

/** What a run of the benches gave, and on which machine. */
export interface Report {
  /** ISO 8601. */
  readonly at: string;
  /** The figures of a small run mean nothing. */
  readonly size: BenchSize;
  readonly machine: Readonly<Record<string, string>>;
  readonly results: readonly Result[];
  /** Benches that did not come to their end. */
  readonly failed: readonly string[];
}

/** How a value stands to its goals. */
export type Verdict = "aim" | "limit" | "above" | "none";

/** Compares a value with its limit and its aim. */
export function verdictOf(value: number, { limit, aim }: Pick<Result, "limit" | "aim">): Verdict {
  if (limit === undefined) return "none";
  if (value > limit) return "above";
  return aim !== undefined && value > aim ? "limit" : "aim";
}
