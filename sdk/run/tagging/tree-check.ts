import { createBatches } from "../../core/concurrency.ts";
import { PlanError } from "../../core/errors.ts";
import { readGitFacts } from "../../git/facts.ts";
import { readTreeStates } from "../../git/tree-state.ts";
import type { Package } from "../../pkg/package.ts";
import { packageHash } from "../../plan/tag.ts";
import { isRemote } from "../facade/remote-package.ts";
import type { TaggedPackage } from "./tagging.ts";

/**
 * Looks at a package's tree again.
 *
 * @throws PlanError `PLAN_TREE_CHANGED`
 */
export type TreeCheck = () => Promise<void>;

/** Watches over the trees of a run. */
export interface TreeWatch {
  /**
   * Remembers a package's tree as it is before the engine gets it. The check that it gives holds the tree against that
   * state, which sees names and modes too; and the hash of the tag, which was read before, has to be that of the state.
   */
  remember(tagged: TaggedPackage): Promise<TreeCheck>;
}

/** Asks git for as many packages at once as there are to be asked for: processes are what looking costs. */
export function createTreeWatch(signal: AbortSignal): TreeWatch {
  const stateOf = createBatches((packages: readonly Package[]) => readTreeStates(packages, { signal }));
  const factsOf = createBatches((packages: readonly Package[]) => readGitFacts(packages, { signal }));
  return {
    remember: async (tagged) => {
      const { package: pkg, hash } = tagged;
      // A commit does not change.
      if (isRemote(pkg)) return async () => {};
      const before = await stateOf(pkg);
      const facts = await factsOf(pkg);
      const isTagged = (facts ? packageHash(pkg, facts) : "") === hash;
      return async () => {
        if (isTagged && (await stateOf(pkg)) === before) return;
        throw new PlanError("PLAN_TREE_CHANGED", `${pkg.directory} changed while it was built`, {
          hint: "Run it again; nothing was published.",
          details: { package: tagged.name },
        });
      };
    },
  };
}
