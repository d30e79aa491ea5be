import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { buildFailure } from "../../../../sdk/engine/job/build-failure.ts";
import { createLogTail } from "../../../../sdk/engine/job/log-tail.ts";
import type { StatusFollower } from "../../../../sdk/engine/job/status-follower.ts";
import { StatusSchema } from "../../../../sdk/proto/gen/status_pb.js";
import { StatusError } from "../../../../sdk/wire/status.ts";

const STEP = { digest: "sha256:aa", name: "RUN false", inputs: [], cached: false, error: "exit code: 3" };

function follower(failed: boolean): StatusFollower {
  const logs = createLogTail();
  logs.add(STEP.digest, Buffer.from("one\ntwo"));
  return {
    failedVertex: failed ? STEP : undefined,
    vertexFailed: Promise.resolve(),
    vertex: (digest) => (digest === STEP.digest ? STEP : undefined),
    logs,
    drain: async () => {},
  };
}

function detailed(details: Readonly<Record<string, unknown>>): StatusError {
  const encoded = toBinary(
    StatusSchema,
    create(StatusSchema, {
      code: 2,
      message: "process did not complete: exit code: 3",
      details: Object.entries(details).map(([type, value]) => ({
        typeUrl: `github.com/moby/buildkit/${type}+json`,
        value: Buffer.from(JSON.stringify(value)),
      })),
    }),
  );
  return new StatusError("UNKNOWN", "short", { encodedDetails: encoded });
}

describe("a build's failure", () => {
  test("has the step, its output, its exit code, its place and the states around it", () => {
    const error = buildFailure(
      detailed({
        "errdefs.Vertex": { digest: STEP.digest },
        "errdefs.Source": {
          info: { filename: "Dockerfile", data: Buffer.from("FROM a\nRUN \\\n false\n").toString("base64") },
          ranges: [2, 3].map((line) => ({ start: { line }, end: { line } })),
        },
        "errdefs.Solve": { inputIDs: ["i"], mountIDs: ["m"] },
        "gatewayapi.ExitMessage": { Code: 3 },
      }),
      follower(false),
    );
    expect(error).toMatchObject({
      code: "BUILD_STEP_FAILED",
      location: { file: "Dockerfile", line: 2 },
      details: {
        vertex: { digest: STEP.digest, name: STEP.name },
        exitCode: 3,
        logs: ["one", "two"],
        source: { file: "Dockerfile", startLine: 2, endLine: 3, text: "FROM a\nRUN \\\n false", textLine: 1 },
        inputIds: ["i"],
        mountIds: ["m"],
      },
    });
  });

  test("has the reasons of a policy that denied a source", () => {
    const denied = (denial: object) =>
      buildFailure(detailed({ "policysession.DecisionResponse": denial }), follower(true));
    expect(denied({ action: 1, denyMessages: [{ message: "not here" }, {}, { message: "nor there" }] })).toMatchObject({
      code: "BUILD_SOURCE_DENIED",
      details: { reasons: ["not here", "nor there"], vertex: { digest: STEP.digest } },
    });
    expect(denied({ action: 1 })).toMatchObject({ code: "BUILD_SOURCE_DENIED", details: { reasons: [] } });
  });

  test("has the lines of a long file that are near the place, and where the file is", () => {
    const data = Array.from({ length: 99 }, (_, index) => `line ${index + 1}\n`).join("");
    const error = buildFailure(
      detailed({
        "errdefs.Source": {
          info: { filename: "ci/recipe.ts", data: Buffer.from(data).toString("base64") },
          ranges: [{ start: { line: 50 }, end: { line: 50 } }],
        },
      }),
      follower(true),
      { sourceRoot: "/packages/agent" },
    );
    expect(error.location).toEqual({ file: "/packages/agent/ci/recipe.ts", line: 50 });
    expect(error.details.source).toMatchObject({ textLine: 47 });
    expect(error.details.source).toHaveProperty("text", data.split("\n").slice(46, 53).join("\n"));
  });

  test("of a file whose text is not known has its place only", () => {
    const source = { info: { filename: "https://example.org/recipe.ts" }, ranges: [{ start: { line: 5 } }] };
    const error = buildFailure(detailed({ "errdefs.Source": source }), follower(true), { sourceRoot: "/packages" });
    expect(error.details.source).toEqual({ file: "https://example.org/recipe.ts", startLine: 5, endLine: 5 });
  });

  test("without details is what the build's status showed", () => {
    const error = buildFailure(new StatusError("UNKNOWN", "process: exit code: 3"), follower(true));
    expect(error).toMatchObject({
      code: "BUILD_STEP_FAILED",
      details: { vertex: { name: STEP.name }, exitCode: 3, logs: ["one", "two"] },
    });
  });

  test("outside of a step has none", () => {
    const error = buildFailure(new StatusError("UNKNOWN", "no such frontend"), follower(false));
    expect(error.code).toBe("BUILD_FAILED");
    expect(error.details).not.toHaveProperty("vertex");
  });

  test("that the daemon canceled is BUILD_CANCELED", () => {
    expect(buildFailure(new StatusError("CANCELLED", "context canceled"), follower(true)).code).toBe("BUILD_CANCELED");
  });

  test("of a broken detail still is one", () => {
    const error = buildFailure(
      detailed({ "errdefs.Source": { info: 7, ranges: "x" }, "errdefs.Vertex": {} }),
      follower(false),
    );
    expect(error).toMatchObject({ code: "BUILD_FAILED", location: undefined });
  });
});

describe("the log tail", () => {
  test("keeps the last lines of each step, however they arrive", () => {
    const tail = createLogTail();
    for (let line = 0; line < 5000; line += 1) tail.add("a", Buffer.from(`line ${line}\r\n`));
    tail.add("b", Buffer.from("other, un"));
    tail.add("b", Buffer.from("finished"));
    expect(tail.lines("a")).toHaveLength(20);
    expect(tail.lines("a").at(-1)).toBe("line 4999");
    expect(tail.lines("b")).toEqual(["other, unfinished"]);
    expect(tail.lines("c")).toEqual([]);
  });
});
