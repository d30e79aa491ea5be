import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import { decodeDefinition, encodeDefinition } from "../../../../sdk/engine/job/definition-message.ts";
import type { Definition } from "../../../../sdk/llb/definition.ts";
import { DefinitionSchema } from "../../../../sdk/proto/gen/ops_pb.js";

const OP = Uint8Array.of(1, 2, 3);
const DIGEST = digestOf(OP);

function roundTrip(definition: Definition): Definition {
  return decodeDefinition(create(DefinitionSchema, encodeDefinition(definition)));
}

describe("a definition on its way to the daemon and back", () => {
  test("keeps ops, metadata and source map", () => {
    const definition: Definition = {
      ops: [OP],
      metadata: new Map([
        [
          DIGEST,
          {
            ignoreCache: true,
            description: { "llb.customname": "a step" },
            exportCache: false,
            caps: ["exec.meta.base", "platform"],
            progressGroup: { id: "g", name: "group", weak: true },
            linuxResources: { memory: 1024n, cpusetCpus: "0-1" },
          },
        ],
      ]),
      source: {
        files: [{ filename: "build.ts", data: Buffer.from("x"), language: "TypeScript" }],
        locations: new Map([
          [DIGEST, [{ fileIndex: 0, ranges: [{ start: { line: 3, character: 1 }, end: { line: 4, character: 0 } }] }]],
        ]),
      },
    };
    expect(roundTrip(definition)).toEqual(definition);
  });

  test("of scratch is empty", () => {
    expect(roundTrip({ ops: [], metadata: new Map() })).toEqual({ ops: [], metadata: new Map() });
  });
});
