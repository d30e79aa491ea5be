import { expect, test } from "vitest";
import {
  type Definition,
  decodeDefinition,
  definitionToDot,
  definitionToJson,
  definitionToMermaid,
  encodeDefinition,
  fromDefinition,
  LlbDefinition,
  llb,
  marshal,
} from "../../../sdk/llb/index.ts";

const plain: Definition = marshal(llb.image("alpine").run("true"), { platform: "linux/amd64" });
const definition = new LlbDefinition(plain);

test("a definition to look at gives its bytes, and reads them back", () => {
  expect(definition.toBytes()).toEqual(encodeDefinition(plain));
  expect(decodeDefinition(definition.toBytes())).toEqual({ ...definition });
});

test("it is shown as JSON, for Graphviz and for Mermaid", () => {
  expect(JSON.parse(JSON.stringify(definition))).toEqual(definitionToJson(plain));
  expect(definition.toDot()).toBe(definitionToDot(plain));
  expect(definition.toMermaid()).toBe(definitionToMermaid(plain));
});

test("it goes where definitions go, and cannot be changed", () => {
  expect(marshal(fromDefinition(definition), { platform: "linux/amd64" })).toEqual(plain);
  expect(Object.isFrozen(definition)).toBe(true);
  expect(new LlbDefinition({ ops: [], metadata: new Map() })).not.toHaveProperty("source");
});
