import fc from "fast-check";
import { expect, test } from "vitest";
import { GraphError } from "../../../sdk/core/errors.ts";
import { decodeOp } from "../../../sdk/llb/decoding/op-decoder.ts";
import { encodeOp } from "../../../sdk/llb/encoding/op-encoder.ts";
import { compareUtf8 } from "../../../sdk/llb/encoding/proto-writer.ts";
import {
  decodeDefinition,
  definitionToJson,
  encodeDefinition,
  marshal,
  type State,
  withoutCallSites,
} from "../../../sdk/llb/index.ts";
import * as description from "../../engines/llb-oracle/graph.ts";
import { type GraphDescription, type GraphNode, type Lookup, stateAt } from "../../engines/llb-oracle/graph.ts";
import { randomGraph } from "../../engines/llb-oracle/random-graph.ts";

const anyGraph = fc.nat(2 ** 31).map(randomGraph);
const RUNS = { numRuns: 50 };

// Source lines are resolved through the test runner's source maps, which takes most of the time.
const buildGraph = (graph: GraphDescription): State => withoutCallSites(() => description.buildGraph(graph));
const buildNode = (node: GraphNode, at: Lookup): State => withoutCallSites(() => description.buildNode(node, at));

function hex(state: State, graph: GraphDescription): string[] {
  return marshal(state, graph).ops.map((op) => Buffer.from(op).toString("hex"));
}

test("the same graph has the same bytes, in whatever order and however often its parts are made", () => {
  fc.assert(
    fc.property(anyGraph, fc.infiniteStream(fc.boolean()), (graph, coins) => {
      // Each node is made twice; every use takes one or the other.
      const pairs: [State, State][] = [];
      const lookup = (index: number): State => {
        const pair = pairs[index] ?? [];
        return stateAt(pair, coins.next().value === true ? 0 : 1);
      };
      // A mount belongs to one run, so its node takes the first of each pair.
      for (const node of graph.nodes) {
        const at = node.op === "mount" ? (index: number) => stateAt(pairs[index] ?? [], 0) : lookup;
        const second = buildNode(node, at);
        pairs.push([buildNode(node, at), second]);
      }
      expect(hex(lookup(graph.nodes.length - 1), graph)).toEqual(hex(buildGraph(graph), graph));
    }),
    RUNS,
  );
});

test("builders never change what they were called on", () => {
  fc.assert(
    fc.property(anyGraph, (graph) => {
      const states: State[] = [];
      const before: string[][] = [];
      for (const node of graph.nodes) {
        const state = buildNode(node, (index) => stateAt(states, index));
        states.push(state);
        before.push(hex(state, graph));
      }
      expect(states.map((state) => hex(state, graph))).toEqual(before);
    }),
    RUNS,
  );
});

test("an op decodes to what was encoded, and encodes to what was decoded", () => {
  fc.assert(
    fc.property(anyGraph, (graph) => {
      for (const bytes of marshal(buildGraph(graph), graph).ops) {
        const op = decodeOp(bytes);
        expect(encodeOp(op)).toEqual(bytes);
        expect(decodeOp(encodeOp(op))).toEqual(op);
      }
    }),
    RUNS,
  );
});

test("a definition survives its bytes", () => {
  fc.assert(
    fc.property(anyGraph, (graph) => {
      const definition = marshal(description.buildGraph(graph), { ...graph, sourceRoot: import.meta.dirname });
      const decoded = decodeDefinition(encodeDefinition(definition));
      expect(decoded).toEqual(definition);
      expect(encodeDefinition(decoded)).toEqual(encodeDefinition(definition));
    }),
    { numRuns: 10 },
  );
});

test("bytes that are cut or changed are refused, or read as another definition, but never crash", () => {
  fc.assert(
    fc.property(anyGraph, fc.nat(), fc.nat(255), (graph, place, value) => {
      const bytes = encodeDefinition(marshal(buildGraph(graph), graph));
      const position = bytes.length === 0 ? 0 : place % bytes.length;
      const changed = Uint8Array.from(bytes);
      if (bytes.length > 0) changed[position] = value;
      for (const damaged of [changed, bytes.subarray(0, position)]) {
        try {
          expect(Array.isArray(definitionToJson(decodeDefinition(damaged)))).toBe(true);
        } catch (error) {
          if (!(error instanceof GraphError)) throw error;
          expect(error.code).toBe("LLB_DECODE_FAILED");
        }
      }
    }),
    RUNS,
  );
});

test("any text sorts as its UTF-8 bytes do", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(Math.sign(compareUtf8(left, right))).toBe(Buffer.compare(Buffer.from(left), Buffer.from(right)));
    }),
    RUNS,
  );
});
