import { type Report, type Result, type Verdict, verdictOf } from "./report.ts";

const BAR = { width: 320, height: 22 };
const WORDS: Readonly<Record<Verdict, string>> = {
  aim: "reached",
  limit: "reached, not the aim",
  above: "too much",
  none: "",
};

const STYLE = `
:root { color-scheme: light dark; --text: #1c2024; --soft: #60646c; --page: #fcfcfd; --track: #e8e8ec;
  --aim: #30a46c; --limit: #e2a336; --above: #e5484d; --none: #5b8def }
@media (prefers-color-scheme: dark) { :root { --text: #edeef0; --soft: #b0b4ba; --page: #111113; --track: #2b2d31 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 2rem auto;
  max-width: 64rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } th { text-align: left; padding-top: 1.5rem }
td { padding: .3rem .8rem .3rem 0; vertical-align: middle } .warning { color: var(--above) } small, dl { color: var(--soft) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem } dd { margin: 0 }
.track { fill: var(--track) } .aim { fill: var(--aim) } .limit { fill: var(--limit) } .above { fill: var(--above) }
.none { fill: var(--none) } .spread, .goal { stroke: var(--text) } .even { stroke: var(--soft); opacity: .5 } .goal { stroke-width: 2 }
.aimed { stroke-dasharray: 3 2 }`;

/** A page by itself that shows a report: a bar for each result, with its limit (a line) and its aim (a dashed one). */
export function formatReportPage({ at, size, machine, results, failed }: Report): string {
  const facts = Object.entries(machine).map(
    ([name, value]) => `<dt>${escapeText(name)}</dt><dd>${escapeText(value)}</dd>`,
  );
  const benches = [...new Set(results.map(({ bench }) => bench))];
  const rows = benches.flatMap((bench) => [
    `<tr><th colspan="3">${escapeText(bench)}</th></tr>`,
    ...results.filter((result) => result.bench === bench).map(row),
  ]);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>kitsmith benches</title>
<style>${STYLE}</style>
<h1>kitsmith benches</h1>
${warnings({ size, failed })
  .map((text) => `<p class="warning">${escapeText(text)}</p>`)
  .join("")}
<p>${escapeText(at)}. A ratio is kitsmith's median time divided by its peer's in the same run; the thin line is what single rounds
would give. Upright lines: what it must not be above, dashed what it should not be; the faint one is the peer itself.</p>
<p>${escapeText(summary(results))}</p>
<dl>${facts.join("")}</dl>
<table>
${rows.join("\n")}
</table>
</html>
`;
}

function summary(results: readonly Result[]): string {
  const verdicts = results.map((result) => verdictOf(measured(result), result));
  const count = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  return `${count("aim")} ${WORDS.aim}, ${count("limit")} ${WORDS.limit}, ${count("above")} ${WORDS.above}.`;
}

function warnings({ size, failed }: Pick<Report, "size" | "failed">): readonly string[] {
  return [
    ...(size === "full" ? [] : ["A small run, to see that the benches work: its figures mean nothing."]),
    ...(failed.length === 0 ? [] : [`Did not come to their end: ${failed.join(", ")}.`]),
  ];
}

function row(result: Result): string {
  const value = measured(result);
  const verdict = verdictOf(value, result);
  const [name, times, numbers, goal] = [
    result.what,
    timesText(result),
    `${figureText(value, unitOf(result))}${spreadText(result)}`,
    goalText(result, verdict),
  ].map(escapeText);
  return `<tr><td>${name}<br><small>${times}</small></td><td>${bar(result, value, verdict)}</td>
<td>${numbers}<br><small>${goal}</small></td></tr>`;
}

function measured(result: Result): number {
  return result.kind === "comparison" ? result.ratio : result.value;
}

function unitOf(result: Result): string {
  return result.kind === "comparison" ? `× ${result.peer.name}` : result.unit;
}

function figureText(value: number, unit: string): string {
  if (unit === "ms" && value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${digits(value, unit)} ${unit}`;
}

function spreadText(result: Result): string {
  const { spread } = result;
  return spread === undefined ? "" : ` (${spread.map((value) => digits(value, unitOf(result))).join("–")})`;
}

function digits(value: number, unit: string): string {
  return value.toFixed(unit.startsWith("×") || (unit === "ms" && value < 10) ? 2 : 0);
}

/** The medians of both sides, and of how many rounds. */
function timesText(result: Result): string {
  if (result.kind === "figure") return "";
  const { ours, peer } = result;
  const [own, other] = [ours, peer].map(({ medianMs }) => figureText(medianMs, "ms"));
  return `kitsmith ${own}, ${peer.name} ${other}; rounds: ${ours.rounds}`;
}

function goalText({ limit, aim }: Result, verdict: Verdict): string {
  if (limit === undefined) return "";
  return `at most ${limit}${aim === undefined ? "" : `, aim ${aim}`}: ${WORDS[verdict]}`;
}

function bar(result: Result, value: number, verdict: Verdict): string {
  const { limit, aim } = result;
  const [low, high] = result.spread ?? [value, value];
  const scale = Math.max(value, high, limit ?? 1, aim ?? 0) * 1.05;
  const at = (point: number) => ((point / scale) * BAR.width).toFixed(1);
  const middle = BAR.height / 2;
  const goal = (point: number | undefined, kind: string) =>
    point === undefined ? "" : `<line class="${kind}" x1="${at(point)}" x2="${at(point)}" y1="0" y2="${BAR.height}"/>`;
  return [
    `<svg width="${BAR.width}" height="${BAR.height}" aria-hidden="true">`,
    `<rect class="track" width="${BAR.width}" height="${BAR.height - 10}" y="5" rx="3"/>`,
    `<rect class="${verdict}" width="${at(value)}" height="${BAR.height - 10}" y="5" rx="3"/>`,
    `<line class="spread" x1="${at(low)}" x2="${at(high)}" y1="${middle}" y2="${middle}"/>`,
    // As fast as the peer.
    goal(result.kind === "comparison" ? 1 : undefined, "even"),
    goal(limit, "goal"),
    goal(aim, "goal aimed"),
    "</svg>",
  ].join("");
}

function escapeText(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
