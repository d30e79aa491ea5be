import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import type { Sample } from "./measurement.ts";
import { type ComparisonResult, type FigureResult, type Result, verdictOf } from "./report.ts";
import { benchSize } from "./size.ts";

/** Ours beside a peer's, in the same run. */
export type Comparison = Omit<ComparisonResult, "kind" | "bench" | "ratio" | "spread">;

/** A figure that stands alone: bytes of memory, milliseconds. */
export type Figure = Omit<FigureResult, "kind" | "bench">;

/** Prints a comparison and keeps it for the report. */
export function reportComparison({ what, ours, peer, limit, aim }: Comparison): void {
  const ratio = ours.medianMs / peer.medianMs;
  // The widest that single rounds would give.
  const spread = [ours.fastestMs / peer.slowestMs, ours.slowestMs / peer.fastestMs] as const;
  const spreadText = spread.map((value) => value.toFixed(2)).join("–");
  const goal = goalText(ratio, { limit, aim });
  console.log(
    `${what}: kitsmith ${time(ours)}, ${peer.name} ${time(peer)}; ratio ${ratio.toFixed(2)} (${spreadText})${goal}`,
  );
  keep({ bench: benchName(), kind: "comparison", what, ours, peer, ratio, spread, limit, aim });
}

/** Prints a figure and keeps it for the report. */
export function reportFigure({ what, value, unit, spread, limit, aim }: Figure): void {
  const text = (figure: number) => figure.toFixed(unit === "MB" ? 0 : figure < 10 ? 2 : 1);
  const spreadText = spread === undefined ? "" : ` (${spread.map(text).join("–")})`;
  console.log(`${what}: ${text(value)} ${unit}${spreadText}${goalText(value, { limit, aim })}`);
  keep({ bench: benchName(), kind: "figure", what, value, unit, spread, limit, aim });
}

/** Prints a time that stands alone and keeps it for the report. */
export function reportTime(what: string, time: Sample, goal: Pick<Figure, "limit" | "aim"> = {}): void {
  reportFigure({ what, value: time.medianMs, unit: "ms", spread: [time.fastestMs, time.slowestMs], ...goal });
}

function goalText(value: number, { limit, aim }: Pick<Figure, "limit" | "aim">): string {
  // Goals are set for full inputs.
  if (limit === undefined || benchSize() === "small") return "";
  const words = { none: "", above: "TOO MUCH", limit: "reached, not the aim", aim: "reached" };
  return `; at most ${limit}${aim === undefined ? "" : `, aim ${aim}`}: ${words[verdictOf(value, { limit, aim })]}`;
}

function time({ medianMs, fastestMs, slowestMs }: Sample): string {
  const text = (value: number) =>
    value >= 1000 ? `${(value / 1000).toFixed(2)} s` : value.toFixed(value < 10 ? 2 : 0);
  const unit = medianMs < 1000 ? " ms" : "";
  return `${text(medianMs)}${unit} (${text(fastestMs)}–${text(slowestMs)})`;
}

function benchName(): string {
  return basename(process.argv[1] ?? "").replace(/\.[a-z]+$/, "");
}

function keep(result: Result): void {
  const file = process.env.KITSMITH_BENCH_RESULTS;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(result)}\n`);
}
