import { describe, expect, test } from "vitest";
import { readDockerfile } from "../../../sdk/loaders/dockerfile-lines.ts";
import { dockerfileExecution, dockerfileImages, dockerfileStages } from "../../../sdk/loaders/dockerfile-scan.ts";

const CROSS = `# syntax=docker/dockerfile:1
ARG GO=1.26
FROM --platform=$BUILDPLATFORM golang:\${GO}-alpine AS build
ARG TARGETARCH
RUN GOARCH=$TARGETARCH go build -o /out/x

FROM scratch
COPY --from=build /out/x /x
`;

describe("where commands run", () => {
  test.each<[string, string, string]>([
    ["nothing runs", "FROM scratch\nCOPY x /x\n", "none"],
    ["on the target", "FROM alpine\nRUN true\n", "target-platform"],
    ["cross-compiled", CROSS, "build-platform"],
    ["explicitly on the target", `FROM --platform=\${TARGETPLATFORM} a\nRUN x\n`, "target-platform"],
    ["a fixed platform", "FROM --platform=linux/amd64 a\nRUN x\n", "unknown"],
    ["both", `${CROSS}RUN x\n`, "target-platform"],
    ["a stage that nobody needs", `FROM alpine AS test\nRUN x\n${CROSS}`, "build-platform"],
    ["a stage that begins with another", "FROM --platform=$BUILDPLATFORM a AS b\nFROM b\nRUN x\n", "build-platform"],
    [
      "a stage that a mount needs",
      "FROM a AS b\nRUN x\nFROM --platform=$BUILDPLATFORM c\nRUN --mount=from=b,target=/b y\n",
      "target-platform",
    ],
    ["a stage by number", "FROM a\nRUN x\nFROM scratch\nCOPY --from=0 /x /x\n", "target-platform"],
    [
      "lower case and continuation",
      "from a as B\nrun \\\n  # comment\n\n  x\nFrom scratch\ncopy --from=b \\\n /x /x\n",
      "target-platform",
    ],
    [
      "RUN in a heredoc is text",
      "FROM scratch\nCOPY <<EOF /x\nRUN x\nEOF\nCOPY <<-'A' <<\"B\" /\n\tRUN\n\tA\nRUN\nB\n",
      "none",
    ],
    ["RUN in a comment", "FROM scratch\n# RUN x\n", "none"],
    ["another escape", "# escape=`\nFROM scratch\nCOPY a `\n RUN\n", "none"],
    ["another frontend", "# syntax=example.com/frontend\nFROM scratch\n", "unknown"],
    ["a stage by architecture", `FROM a AS base-amd64\nRUN x\nFROM base-\${TARGETARCH}\n`, "unknown"],
    ["no stage at all", "ARG A=1\n", "unknown"],
    ["nothing", "", "unknown"],
  ])("%s", (_, text, expected) => {
    expect(dockerfileExecution(text)).toBe(expected);
  });

  test("a target by name or number", () => {
    const text = "FROM a AS one\nRUN x\nFROM scratch AS Two\n";
    expect(dockerfileExecution(text, { target: "ONE" })).toBe("target-platform");
    expect(dockerfileExecution(text, { target: "two" })).toBe("none");
    expect(dockerfileExecution(text, { target: "0" })).toBe("target-platform");
    expect(dockerfileExecution(text, { target: "three" })).toBe("unknown");
  });

  test("arguments choose a stage", () => {
    const text = "ARG KIND=one\nFROM a AS one\nRUN x\nFROM scratch AS two\nFROM $KIND\n";
    expect(dockerfileExecution(text)).toBe("target-platform");
    expect(dockerfileExecution(text, { args: { KIND: "two" } })).toBe("none");
    const byArchitecture = `FROM a AS base-amd64\nRUN x\nFROM scratch AS base-arm64\nFROM base-\${TARGETARCH}\n`;
    expect(dockerfileExecution(byArchitecture, { args: { TARGETARCH: "arm64" } })).toBe("none");
  });
});

test("stages with arguments put in", () => {
  const text = `ARG A=1 B="two" C\nFROM x:$A-\${B}-\${C:-c}-\${D:+d} AS s\nRUN --mount=type=cache,target=/c x\nCOPY --from=o:1 a b\n`;
  expect(dockerfileStages(text)).toEqual([{ name: "s", base: "x:1-two-c-", runs: true, uses: ["o:1"] }]);
});

test("instructions with their lines", () => {
  const text = "# check=skip=all\n# escape=`\n\nFROM a\nRUN x `\n  y\nCMD z";
  expect(readDockerfile(text)).toEqual({
    directives: { check: "skip=all", escape: "`" },
    instructions: [
      { name: "FROM", rest: "a", line: 4 },
      { name: "RUN", rest: "x   y", line: 5 },
      { name: "CMD", rest: "z", line: 7 },
    ],
  });
});

test("finds the images that a target needs from elsewhere", () => {
  const text = `ARG BASE=acme/base:1
FROM --platform=$BUILDPLATFORM golang:1 AS build
FROM \${BASE} AS runtime
COPY --from=build /out /out
COPY --from=acme/tools:2 /bin/tool /bin/tool
RUN --mount=from=acme/certificates:3,target=/certs true
FROM scratch AS other
COPY --from=acme/unused:4 / /
FROM runtime
COPY --from=0 /a /b
FROM $UNKNOWN AS unknown
`;
  const args = { BASE: "acme/other-base:7" };
  expect(dockerfileImages(text, { target: "3", args })).toEqual([
    { reference: "golang:1", platform: "$BUILDPLATFORM" },
    { reference: "acme/other-base:7" },
    { reference: "acme/tools:2" },
    { reference: "acme/certificates:3" },
  ]);
  expect(dockerfileImages(text)).toEqual([]);
  expect(dockerfileImages(text, { target: "none" })).toEqual([]);
});
