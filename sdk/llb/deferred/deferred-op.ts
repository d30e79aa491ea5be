import { GraphError } from "../../core/errors.ts";
import { formatPlatform } from "../../core/platform.ts";
import { callSiteLocation } from "../call-site.ts";
import { InputList } from "../input-list.ts";
import type { DeferredVertex } from "../vertex.ts";
import type { LoweredBody, LoweringContext } from "../vertex-op.ts";

/**
 * A deferred state that nothing took the place of: a source that shows what it stands for, and that no engine takes.
 *
 * @throws GraphError `LLB_UNRESOLVED` for a package, of which nothing is known here
 */
export function unresolvedOp(vertex: DeferredVertex, context: LoweringContext): LoweredBody {
  const { made, constraints, site } = vertex;
  if (made.kind === "package") {
    const location = callSiteLocation(site);
    throw new GraphError("LLB_UNRESOLVED", "a package is used in this graph, and its image is not known", {
      hint: "Ask the package that the graph is of: pkg(…).toLLB(platform).",
      ...(location === undefined ? {} : { location }),
    });
  }
  const inputs = new InputList();
  const named = Object.entries(made.inputs).map(([name, { output }]): readonly [string, string] => [
    `input:${name}`,
    output === undefined ? "scratch" : String(inputs.add(context.inputOf(output))),
  ]);
  const directory = made.directory === undefined ? {} : { directory: made.directory.path };
  const platform = constraints.platform ?? context.platform;
  return {
    body: {
      kind: "source",
      identifier: `frontend://${made.frontend}`,
      attributes: { ...made.options, ...directory, ...Object.fromEntries(named), platform: formatPlatform(platform) },
    },
    inputs: inputs.list,
    caps: [],
    platform,
  };
}
