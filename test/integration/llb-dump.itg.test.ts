import { execa } from "execa";
import { expect, test } from "vitest";
import { definitionToDot, encodeDefinition, formatDump, marshal, withoutCallSites } from "../../sdk/llb/index.ts";
import { buildGraph } from "../engines/llb-oracle/graph.ts";
import { randomGraph } from "../engines/llb-oracle/random-graph.ts";
import { testTools } from "../engines/test-tools.ts";

test("definitions are dumped and drawn as buildctl does it", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const graph = randomGraph(30_000 + seed);
    const definition = withoutCallSites(() => marshal(buildGraph(graph), graph));
    const input = encodeDefinition(definition);
    const dump = (...args: string[]) =>
      execa(testTools().buildctl, ["debug", "dump-llb", ...args], { input, stripFinalNewline: false });
    expect((await dump("--dot")).stdout, `seed ${seed}`).toBe(definitionToDot(definition));
    // buildctl's JSON forgets symlinks.
    if (JSON.stringify(graph).includes('"symlink"')) continue;
    expect((await dump()).stdout, `seed ${seed}`).toBe(formatDump(definition));
  }
});
