import { createBatches } from "../../core/concurrency.ts";
import { PlanError } from "../../core/errors.ts";
import { readGitFacts } from "../../git/facts.ts";
import { hashCommit, hashPath } from "../../git/subject.ts";
import { readTreeStates } from "../../git/tree-state.ts";
import { type CleanTree, findUnchanged } from "../../git/unchanged-trees.ts";
import type { Package } from "../../pkg/package.ts";
import { packageHash } from "../../plan/tag.ts";
import { isRemote } from "../facade/remote-package.ts";
import { createPace, type Pace } from "./pace.ts";
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
  /** For looks that nobody waits for yet. */
  readonly pace: Pace;
}

const LOOKS_INTERVAL_MS = 500;

/** Asks git for as many packages at once as there are to be asked for: processes are what looking costs. */
export function createTreeWatch(signal: AbortSignal): TreeWatch {
  const stateOf = createBatches((packages: readonly Package[]) => readTreeStates(packages, { signal }));
  const factsOf = createBatches((packages: readonly Package[]) => readGitFacts(packages, { signal }));
  const isStillClean = createBatches(async (trees: readonly CleanTree[]) => {
    const unchanged = await findUnchanged(trees, { signal });
    return new Map(trees.map((tree) => [tree, unchanged.has(tree)]));
  });

  async function isStillTagged({ package: pkg, hash }: TaggedPackage): Promise<boolean> {
    const facts = await factsOf(pkg);
    return (facts ? packageHash(pkg, facts) : "") === hash;
  }

  return {
    pace: createPace(LOOKS_INTERVAL_MS),
    remember: async (tagged) => {
      const { package: pkg } = tagged;
      // A commit does not change.
      if (isRemote(pkg)) return async () => {};
      const clean = cleanTree(tagged);
      if (clean) {
        return async () => {
          if (!(await isStillClean(clean)) && !(await isStillTagged(tagged))) throw changed(tagged);
        };
      }
      const before = await stateOf(pkg);
      const wasTagged = await isStillTagged(tagged);
      return async () => {
        if (!wasTagged || (await stateOf(pkg)) !== before) throw changed(tagged);
      };
    },
  };
}

/** The tree whose hash is in the tag, where that says all of it: then nobody has to look before the build. */
function cleanTree({ package: pkg, git }: TaggedPackage): CleanTree | undefined {
  const { topLevel, revision, treeHash, dirty } = git;
  const isWhole = hashPath(pkg) === pkg.directory && hashCommit(pkg) === "HEAD" && pkg.extraSources.length === 0;
  if (dirty || !isWhole || topLevel === undefined || revision === undefined || treeHash === undefined) return undefined;
  return { directory: pkg.directory, topLevel, revision };
}

function changed({ name, package: { directory } }: TaggedPackage): PlanError {
  return new PlanError("PLAN_TREE_CHANGED", `${directory} changed while it was built`, {
    hint: "Run it again; nothing was published.",
    details: { package: name },
  });
}
