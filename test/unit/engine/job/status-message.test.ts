import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { decodeStatus } from "../../../../sdk/engine/job/status-message.ts";
import { StatusResponseSchema } from "../../../../sdk/proto/gen/control_pb.js";

test("a status message becomes plain data", () => {
  const message = create(StatusResponseSchema, {
    vertexes: [
      {
        digest: "d",
        name: "n",
        inputs: ["i"],
        cached: true,
        started: timestampFromMs(1500),
        completed: timestampFromMs(2500),
      },
      { digest: "e", name: "m", error: "failed" },
    ],
    statuses: [{ vertex: "d", ID: "layer", current: 5n, total: 7n, started: timestampFromMs(1000) }],
    logs: [
      { vertex: "d", stream: 1n, msg: Buffer.from("out"), timestamp: timestampFromMs(3000) },
      { vertex: "d", stream: 2n, msg: Buffer.from("err"), timestamp: timestampFromMs(3001) },
    ],
    warnings: [{ vertex: "d", level: 1n, short: Buffer.from("short"), detail: [Buffer.from("more")], url: "u" }],
  });
  expect(decodeStatus(message)).toEqual({
    vertexes: [
      { digest: "d", name: "n", inputs: ["i"], cached: true, startedAtEpochMs: 1500, completedAtEpochMs: 2500 },
      { digest: "e", name: "m", inputs: [], cached: false, error: "failed" },
    ],
    statuses: [{ vertex: "d", id: "layer", current: 5, total: 7, startedAtEpochMs: 1000 }],
    logs: [
      { vertex: "d", stream: "stdout", data: Uint8Array.from(Buffer.from("out")), atEpochMs: 3000 },
      { vertex: "d", stream: "stderr", data: Uint8Array.from(Buffer.from("err")), atEpochMs: 3001 },
    ],
    warnings: [{ vertex: "d", level: 1, short: "short", detail: ["more"], url: "u" }],
  });
});

test("a warning tells its lines, with those around them", () => {
  const data = Buffer.from(Array.from({ length: 20 }, (_, index) => `line ${index + 1}`).join("\n"));
  const message = create(StatusResponseSchema, {
    warnings: [
      {
        info: { filename: "Dockerfile", data },
        ranges: [
          { start: { line: 9 }, end: { line: 9 } },
          { start: { line: 10 }, end: { line: 10 } },
        ],
      },
      { info: { filename: "Dockerfile", data }, ranges: [{}] },
    ],
  });
  const [warning, without] = decodeStatus(message).warnings;
  const text = [6, 7, 8, 9, 10, 11, 12, 13].map((number) => `line ${number}`).join("\n");
  expect(warning?.source).toEqual({ file: "Dockerfile", startLine: 9, endLine: 10, text, textLine: 6 });
  expect(without).not.toHaveProperty("source");
});
