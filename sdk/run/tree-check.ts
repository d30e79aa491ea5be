import { PlanError } from "../core/errors.ts";
import { readGitFacts } from "../git/facts.ts";
import { treeState } from "../git/tree-state.ts";
import { packageHash } from "../plan/tag.ts";
import type { TaggedPackage } from "./tagging.ts";

/** Looks at a package's tree again. */
export type TreeCheck = (signal: AbortSignal) => Promise<void>;

/**
 * Remembers a package's tree as it is before the engine gets it. The check that it gives holds the tree against that
 * state, which sees names and modes too, and against the hash of the tag, which was read before.
 *
 * @throws PlanError `PLAN_TREE_CHANGED`, from the check
 */
export async function rememberTree(tagged: TaggedPackage, signal: AbortSignal): Promise<TreeCheck> {
  const before = await treeState(tagged.package, { signal });
  return async (checkSignal) => {
    const options = { signal: checkSignal };
    const [after, hash] = await Promise.all([treeState(tagged.package, options), currentHash(tagged, options)]);
    if (after === before && hash === tagged.hash) return;
    throw new PlanError("PLAN_TREE_CHANGED", `${tagged.package.directory} changed while it was built`, {
      hint: "Run it again; nothing was published.",
      details: { package: tagged.name },
    });
  };
}

async function currentHash(tagged: TaggedPackage, options: { readonly signal: AbortSignal }): Promise<string> {
  const facts = (await readGitFacts([tagged.package], options)).get(tagged.package);
  return facts ? packageHash(tagged.package, facts) : "";
}
