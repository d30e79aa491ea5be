import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { StatusSchema } from "../../../sdk/proto/gen/status_pb.js";
import { decodeStatusDetails } from "../../../sdk/wire/status-details.ts";

function encode(details: readonly { readonly typeUrl: string; readonly value: string }[]): Uint8Array {
  const message = {
    code: 2,
    message: "failed",
    details: details.map(({ typeUrl, value }) => ({ typeUrl, value: Buffer.from(value) })),
  };
  return toBinary(StatusSchema, create(StatusSchema, message));
}

describe("details of a status", () => {
  test("are JSON, by the last part of their type", () => {
    const encoded = encode([
      { typeUrl: "github.com/moby/buildkit/errdefs.Vertex+json", value: '{"digest":"sha256:aa"}' },
      { typeUrl: "github.com/moby/buildkit/stack.Stack+json", value: '{"pid":1}' },
    ]);
    expect(decodeStatusDetails(encoded)).toEqual({
      code: 2,
      message: "failed",
      details: [
        { type: "errdefs.Vertex", value: { digest: "sha256:aa" } },
        { type: "stack.Stack", value: { pid: 1 } },
      ],
    });
  });

  test("that are not understood are left out", () => {
    const encoded = encode([
      { typeUrl: "type.googleapis.com/google.rpc.RetryInfo", value: "\x0a" },
      { typeUrl: "x/broken+json", value: "{" },
      { typeUrl: "x/number+json", value: "7" },
    ]);
    expect(decodeStatusDetails(encoded)?.details).toEqual([]);
  });

  test("in bytes that are no status are undefined", () => {
    expect(decodeStatusDetails(Uint8Array.of(0xff, 0xff))).toBeUndefined();
  });
});
