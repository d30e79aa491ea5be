import { expect, test } from "vitest";
import { BuildError, EngineError, InputError, PlanError } from "../../../sdk/core/errors.ts";
import { formatError } from "../../../sdk/progress/error-text.ts";

const DOCKERFILE = "FROM alpine\nCOPY . .\nENV A=1\nRUN make \\\n  all\nENTRYPOINT /init\n";

const FAILED = new BuildError("BUILD_STEP_FAILED", "a step failed with exit code 2", {
  details: {
    package: "acme/init",
    platform: "linux/arm64",
    vertex: "sha256:4",
    name: "[3/3] RUN make all",
    exitCode: 2,
    logTail: ["cc -c a.c", "\u001b[31mmake: *** Error 2\u001b[0m\u001b[2J"],
    source: { file: "pkg/init/Dockerfile", startLine: 4, endLine: 5, text: DOCKERFILE },
  },
});

test("a failed step: package and platform, command, output, place with the lines around it", () => {
  expect(formatError(FAILED).split("\n")).toEqual([
    "BUILD_STEP_FAILED: a step failed with exit code 2",
    "  package: acme/init linux/arm64",
    "  step: [3/3] RUN make all",
    "  exit code: 2",
    "  output:",
    "    | cc -c a.c",
    "    | make: *** Error 2",
    "  at: pkg/init/Dockerfile:4",
    "      2 | COPY . .",
    "      3 | ENV A=1",
    "    > 4 | RUN make \\",
    "    > 5 |   all",
    "      6 | ENTRYPOINT /init",
  ]);
});

test("a place at the file's edge, or beyond its end, or without text", () => {
  const at = (startLine: number, text?: string, textLine?: number) =>
    formatError(
      new BuildError("BUILD_STEP_FAILED", "x", {
        details: { source: { file: "f", startLine, ...(text ? { text } : {}), ...(textLine ? { textLine } : {}) } },
      }),
    );
  expect(at(1, DOCKERFILE)).toContain("    > 1 | FROM alpine\n      2 | COPY . .\n      3 | ENV A=1");
  expect(at(7, "RUN one\n", 7)).toBe("BUILD_STEP_FAILED: x\n  at: f:7\n    > 7 | RUN one");
  expect(at(3)).toMatch(/ {2}at: f:3$/);
});

test("input errors show the place once, and the hint", () => {
  const error = new InputError("INPUT_FIELD_UNKNOWN", 'unknown key "buildArg"', {
    location: { file: "pkg/init/build.yml", line: 6, column: 1 },
    hint: 'Did you mean "buildArgs"?',
  });
  expect(formatError(error)).toBe(
    'INPUT_FIELD_UNKNOWN: unknown key "buildArg"\n  at: pkg/init/build.yml:6:1\n  hint: Did you mean "buildArgs"?',
  );
});

test("verbose shows the chain of causes, and ends where it turns in a circle", () => {
  const root = new Error("connect ECONNREFUSED");
  const middle = new Error("dial failed", { cause: root });
  root.cause = middle;
  const error = new EngineError("ENGINE_UNREACHABLE", "no answer", { cause: middle });
  expect(formatError(error)).not.toContain("caused by");
  const text = formatError(error, { verbose: true });
  expect(text.match(/caused by: .*/g)).toEqual([
    "caused by: Error: dial failed",
    "caused by: Error: connect ECONNREFUSED",
  ]);
  expect(text).toContain("    at ");
});

test("a failed run shows each failure, and one that several nodes share once", () => {
  const shared = new EngineError("ENGINE_LOST", "gone", { hint: "Start it again." });
  const failures = [
    { package: "acme/init", platform: "linux/amd64", error: shared },
    { package: "acme/init", platform: "linux/arm64", error: shared },
    { package: "acme/agent", platform: "linux/amd64", error: FAILED },
  ];
  const lines = formatError(new PlanError("PLAN_CHECK_FAILED", "failed", { details: { failures } })).split("\n");
  expect(lines.slice(0, 6)).toEqual([
    "PLAN_CHECK_FAILED: failed",
    "  acme/init linux/amd64, acme/init linux/arm64",
    "    ENGINE_LOST: gone",
    "      hint: Start it again.",
    "  acme/agent linux/amd64",
    "    BUILD_STEP_FAILED: a step failed with exit code 2",
  ]);
  expect(lines.at(-1)).toBe("          6 | ENTRYPOINT /init");
});

test("errors of others, and what is no error", () => {
  expect(formatError(new TypeError("x is not a function"))).toBe("TypeError: x is not a function");
  expect(formatError("stop\u001b[2J")).toBe("Error: stop");
  const many = new Error("all failed", { cause: new AggregateError([new Error("one"), new Error("two")], "both") });
  expect(formatError(many, { verbose: true })).toMatch(
    /caused by: AggregateError: both[\s\S]*-: Error: one\n[\s\S]*-: Error: two/,
  );
});
