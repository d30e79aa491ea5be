import { describe, expect, it } from "vitest";
import type { Report, Result } from "../../../bench/harness/report.ts";
import { verdictOf } from "../../../bench/harness/report.ts";
import { formatReportPage } from "../../../bench/harness/report-page.ts";

const EMPTY: Report = {
  at: "2030-01-02T03:04:05Z",
  size: "full",
  machine: { node: "v1 <b>" },
  results: [],
  failed: [],
};
const sample = { medianMs: 50, fastestMs: 40, slowestMs: 60, rounds: 3 };

function page(...results: readonly Result[]): string {
  return formatReportPage({ ...EMPTY, results });
}

describe("the page of a report", () => {
  it("shows a bar for each result, with the peer, the limit and the aim", () => {
    const text = page({
      kind: "comparison",
      bench: "cold",
      what: "20 × 2",
      ours: sample,
      peer: { name: "bake", ...sample, medianMs: 100 },
      ratio: 0.5,
      spread: [0.4, 0.6],
      limit: 1,
      aim: 0.4,
    });
    expect(text).toContain("0.50 × bake");
    expect(text).toContain("at most 1, aim 0.4");
    expect(text.match(/class="goal/g)).toHaveLength(2);
    expect(text).toContain('<rect class="limit"');
  });

  it("shows a figure without goals beside nothing", () => {
    const text = page({ kind: "figure", bench: "memory", what: "peak", value: 123.4, unit: "MB" });
    expect(text).toContain("123 MB");
    expect(text).not.toContain('class="goal');
  });

  it("warns of a small run, and of benches that failed", () => {
    expect(page()).not.toContain('class="warning"');
    const text = formatReportPage({ ...EMPTY, size: "small", failed: ["cold"] });
    expect(text.match(/class="warning"/g)).toHaveLength(2);
  });

  it("shows texts as they are, and refers to nothing outside", () => {
    const text = page({ kind: "figure", bench: "<script>", what: 'a "b" & c', value: 1, unit: "×", limit: 1 });
    expect(text).not.toContain("<script");
    expect(text).not.toContain("v1 <b>");
    expect(text).toContain("a &#34;b&#34; &#38; c");
    expect(text).not.toMatch(/(?:src|href)=|url\(|https?:/);
  });
});

describe("verdicts", () => {
  it.each([
    [0.4, { limit: 1, aim: 0.5 }, "aim"],
    [0.6, { limit: 1, aim: 0.5 }, "limit"],
    [1, { limit: 1 }, "aim"],
    [1.1, { limit: 1, aim: 0.5 }, "above"],
    [5, {}, "none"],
  ] as const)("of %d with %j is %s", (value, goals, verdict) => {
    expect(verdictOf(value, goals)).toBe(verdict);
  });
});
