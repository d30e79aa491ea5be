import { describe, expect, test } from "vitest";
import { type FrontendAnswer, parseAnswer } from "../../../../sdk/run/subrequests/answer.ts";
import { lintReport } from "../../../../sdk/run/subrequests/lint.ts";
import { buildOutline } from "../../../../sdk/run/subrequests/outline.ts";
import { buildTargets } from "../../../../sdk/run/subrequests/targets.ts";

const TEXT = "FROM scratch\nARG A=1\nMAINTAINER me\n";
const DATA = Buffer.from(TEXT).toString("base64");
const at = (line: number, sourceIndex?: number) => ({
  ...(sourceIndex === undefined ? {} : { sourceIndex }),
  ranges: [{ start: { line }, end: { line } }],
});

function answer(value: Readonly<Record<string, unknown>>): FrontendAnswer {
  return { value, file: "/src/init/Dockerfile", resolve: (name) => `/src/init/${name}` };
}

const source = (file: string, line: number) => ({
  file,
  startLine: line,
  endLine: line,
  text: TEXT.trim(),
  textLine: 1,
});

describe("answers of frontends", () => {
  test("a lint report, in the order of its lines", () => {
    const report = lintReport(
      answer({
        sources: [{ filename: "Dockerfile", data: DATA }],
        warnings: [
          { ruleName: "Late", detail: "late", location: at(3) },
          { ruleName: "Early", detail: "early", description: "about", url: "u", location: at(1, 0) },
          { ruleName: "Nowhere", location: { sourceIndex: -1 } },
        ],
        buildError: { message: "cannot", location: at(2) },
      }),
    );
    const file = "/src/init/Dockerfile";
    expect(report).toEqual({
      ok: false,
      warnings: [
        { rule: "Nowhere", message: "", description: "", url: "" },
        { rule: "Early", message: "early", description: "about", url: "u", source: source(file, 1) },
        { rule: "Late", message: "late", description: "", url: "", source: source(file, 3) },
      ],
      error: { message: "cannot", source: source(file, 2) },
    });
    expect(Object.isFrozen(report.warnings)).toBe(true);
    expect(lintReport(answer({ warnings: null }))).toEqual({ ok: true, warnings: [] });
  });

  test("an outline, whose sources have no names", () => {
    const outline = buildOutline(
      answer({
        name: "out",
        args: [{ name: "A", value: "1", description: "first", location: at(2) }, { name: "B" }],
        secrets: [{ name: "token", required: true }],
        ssh: [{ name: "default" }],
        cache: [{ ID: "go" }],
        sources: [DATA],
      }),
    );
    expect(outline).toEqual({
      target: "out",
      description: "",
      buildArgs: [
        { name: "A", description: "first", value: "1", source: source("/src/init/Dockerfile", 2) },
        { name: "B", description: "" },
      ],
      secrets: [{ id: "token", required: true }],
      ssh: [{ id: "default", required: false }],
      cacheMounts: [{ id: "go" }],
    });
  });

  test("targets", () => {
    const targets = [{ name: "a", base: "scratch", platform: "linux/arm64" }, { default: true }];
    expect(buildTargets(answer({ targets }))).toEqual([
      { name: "a", default: false, description: "", base: "scratch", platform: "linux/arm64" },
      { name: "", default: true, description: "", base: "", platform: "" },
    ]);
  });

  test.each(["", "[]", "null", '"text"', "{"])("%j is no answer", (text) => {
    expect(() => parseAnswer(text)).toThrowError(expect.objectContaining({ code: "WIRE_FRAME_INVALID" }));
  });
});
