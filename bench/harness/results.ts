import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import type { Sample } from "./measurement.ts";

/** Ours beside a peer's, in the same run. */
export interface Comparison {
  readonly what: string;
  readonly ours: Sample;
  readonly peer: Sample & { readonly name: string };
  /** What the ratio must not be above, and what it should not be above. */
  readonly limit?: number | undefined;
  readonly aim?: number | undefined;
}

/** A figure that stands alone: bytes of memory, milliseconds. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: "ms" | "MB" | "×";
  readonly limit?: number | undefined;
  readonly aim?: number | undefined;
}

/** Prints a comparison and keeps it for the report. */
export function reportComparison({ what, ours, peer, limit, aim }: Comparison): void {
  const ratio = ours.medianMs / peer.medianMs;
  // The widest that single rounds would give.
  const spread = [ours.fastestMs / peer.slowestMs, ours.slowestMs / peer.fastestMs];
  const spreadText = spread.map((value) => value.toFixed(2)).join("–");
  const goal = goalText(ratio, { limit, aim });
  console.log(
    `${what}: kitsmith ${time(ours)}, ${peer.name} ${time(peer)}; ratio ${ratio.toFixed(2)} (${spreadText})${goal}`,
  );
  keep({ kind: "comparison", what, ours, peer, ratio, spread, limit, aim });
}

/** Prints a figure and keeps it for the report. */
export function reportFigure({ what, value, unit, limit, aim }: Figure): void {
  console.log(`${what}: ${value.toFixed(unit === "MB" ? 0 : 1)} ${unit}${goalText(value, { limit, aim })}`);
  keep({ kind: "figure", what, value, unit, limit, aim });
}

function goalText(value: number, { limit, aim }: Pick<Figure, "limit" | "aim">): string {
  if (limit === undefined) return "";
  const verdict = value > limit ? "TOO MUCH" : aim !== undefined && value > aim ? "reached, not the aim" : "reached";
  return `; at most ${limit}${aim === undefined ? "" : `, aim ${aim}`}: ${verdict}`;
}

function time({ medianMs, fastestMs, slowestMs }: Sample): string {
  const text = (value: number) => (value < 1000 ? value.toFixed(0) : `${(value / 1000).toFixed(2)} s`);
  const unit = medianMs < 1000 ? " ms" : "";
  return `${text(medianMs)}${unit} (${text(fastestMs)}–${text(slowestMs)})`;
}

function keep(result: object): void {
  const file = process.env.KITSMITH_BENCH_RESULTS;
  const bench = basename(process.argv[1] ?? "").replace(/\.[a-z]+$/, "");
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ bench, ...result })}\n`);
}
