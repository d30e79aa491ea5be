import { expect, test } from "vitest";
import { GraphError } from "../../../../sdk/core/errors.ts";
import { encodeOp } from "../../../../sdk/llb/encoding/op-encoder.ts";
import { ProtoWriter } from "../../../../sdk/llb/encoding/proto-writer.ts";
import {
  decodeDefinition,
  definitionToDot,
  definitionToJson,
  definitionToMermaid,
  formatDump,
  llb,
  marshal,
} from "../../../../sdk/llb/index.ts";

const state = llb
  .image("alpine")
  .run(["/bin/say", 'a "quoted"\nline'], {
    mounts: [llb.bindMount("/in", llb.local("context", { sessionId: "s" }))],
    ulimits: { nofile: 9_007_199_254_740_993n },
  })
  .file([llb.mkdir("/a"), llb.symlink("/a", "/b")]);
const definition = marshal(state, { platform: "linux/amd64" });

test("the graph draws as Graphviz text", () => {
  const dot = definitionToDot(definition).replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => digest.slice(7, 9));
  expect(dot).toMatchSnapshot();
});

test("the graph draws as Mermaid text", () => {
  expect(definitionToMermaid(definition)).toBe(
    [
      "flowchart TD",
      '  v0["docker-image://docker.io/library/alpine:latest"]',
      '  v1["local://context"]',
      '  v2["/bin/say a #34;quoted#34; line"]',
      "  v0 --> v2",
      '  v1 -->|"/in"| v2',
      '  v3["mkdir{path=/a},symlink{oldpath=/a, newpath=/b}"]',
      "  v2 --> v3",
      '  v4["result"]',
      "  v3 --> v4",
      "",
    ].join("\n"),
  );
});

test("large numbers are whole in text, and texts in JSON values", () => {
  expect(formatDump(definition)).toContain('"Soft":9007199254740993');
  expect(JSON.stringify(definitionToJson(definition))).toContain('"Soft":"9007199254740993"');
});

test("a definition without order or end is refused", () => {
  const [image, ...rest] = definition.ops;
  const encode = (ops: readonly (Uint8Array | undefined)[]): Uint8Array => {
    const writer = new ProtoWriter();
    for (const op of ops) writer.bytesAlways(1, op ?? new Uint8Array());
    return writer.finish();
  };
  const wrong = [[...rest, image], [image], [image, encodeOp({ inputs: [] })], [encodeOp({ inputs: [] }), image]];
  for (const ops of wrong) expect(() => decodeDefinition(encode(ops))).toThrow(GraphError);
  expect(decodeDefinition(encode([image, ...rest])).ops).toEqual(definition.ops);
});
