import { expect, test } from "vitest";
import { isDigest } from "../../sdk/core/digest.ts";
import { encodeDefinition, formatDump, marshal, type VertexMetadata } from "../../sdk/llb/index.ts";
import { buildGraph } from "../engines/llb-oracle/graph.ts";
import { askOracle, askOracleForDumps, buildOracle, type OracleAnswer } from "../engines/llb-oracle/oracle.ts";
import { randomGraph } from "../engines/llb-oracle/random-graph.ts";

const GRAPHS = 600;
// Go's client forgets to list these; daemons know them, and listing them makes an old daemon fail early.
const OURS_ONLY = /^file\.(copy|rm|symlink)\./;
// The JSON of Go's client lacks this action.
const GO_FORGETS = '"symlink"';

test(`${GRAPHS} random graphs have the bytes and metadata that BuildKit's own client gives them`, async () => {
  const program = await buildOracle();
  const graphs = Array.from({ length: GRAPHS }, (_, index) => randomGraph(index));
  const answers = await askOracle(program, graphs);
  expect(answers).toHaveLength(GRAPHS);
  let ops = 0;
  for (const [seed, graph] of graphs.entries()) {
    const answer = answers[seed];
    expect(answer?.error, `seed ${seed}`).toBeUndefined();
    const ours = marshal(buildGraph(graph), graph);
    const def = ours.ops.map((op) => Buffer.from(op).toString("base64"));
    expect(def, `seed ${seed}`).toEqual(answer?.def ?? []);
    for (const [digest, metadata] of Object.entries(answer?.metadata ?? {})) {
      expect(asGo(isDigest(digest) ? ours.metadata.get(digest) : undefined), `seed ${seed}, ${digest}`).toEqual(
        sortedCaps(metadata),
      );
    }
    expect(ours.metadata.size).toBe(Object.keys(answer?.metadata ?? {}).length);
    ops += def.length;
  }
  expect(ops).toBeGreaterThan(GRAPHS * 5);
}, 300_000);

test("a definition is dumped as buildctl dumps it", async () => {
  const program = await buildOracle();
  const definitions = Array.from({ length: 200 }, (_, index) => randomGraph(10_000 + index))
    .filter(({ nodes }) => !JSON.stringify(nodes).includes(GO_FORGETS))
    .map((graph) => marshal(buildGraph(graph), graph));
  const dumps = await askOracleForDumps(program, definitions.map(encodeDefinition));
  expect(dumps.length).toBeGreaterThan(50);
  for (const [index, definition] of definitions.entries()) expect(formatDump(definition)).toBe(dumps[index]);
}, 300_000);

function sortedCaps(metadata: OracleAnswer["metadata"][string]): Record<string, unknown> {
  return { ...metadata, caps: Object.keys(metadata.caps ?? {}).sort() };
}

/** Our metadata as Go's JSON writes it. */
function asGo(metadata: VertexMetadata | undefined): Record<string, unknown> {
  const { ignoreCache, description, exportCache, caps = [], progressGroup, linuxResources } = metadata ?? {};
  return {
    ...(ignoreCache === true ? { ignore_cache: true } : {}),
    ...(description === undefined ? {} : { description }),
    ...(exportCache === undefined ? {} : { export_cache: exportCache ? { Value: true } : {} }),
    caps: caps.filter((cap) => !OURS_ONLY.test(cap)),
    ...(progressGroup === undefined ? {} : { progress_group: goGroup(progressGroup) }),
    ...(linuxResources === undefined ? {} : { linux_resources: goResources(linuxResources) }),
  };
}

function goGroup(group: NonNullable<VertexMetadata["progressGroup"]>): Record<string, unknown> {
  return { id: group.id, name: group.name, ...(group.weak === true ? { weak: true } : {}) };
}

function goResources(resources: NonNullable<VertexMetadata["linuxResources"]>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(resources).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
  );
}
