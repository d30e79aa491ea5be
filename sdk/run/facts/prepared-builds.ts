import type { Abortable } from "../../core/abort.ts";
import { settleAll } from "../../core/concurrency.ts";
import { InputError } from "../../core/errors.ts";
import { checkPackageFiles } from "../../loaders/package-files.ts";
import type { RunNode } from "../build/node.ts";
import { verifySecrets } from "../facade/secret-source.ts";
import { resolveBuildArgs } from "../tagging/build-arg-sources.ts";
import { proxyBuildArgs } from "../tagging/proxy-build-args.ts";
import type { TaggedPackage } from "../tagging/tagging.ts";
import { isSmallContext } from "./small-context.ts";

/** A node that has to be built, with what its build needs besides an engine. */
export interface PreparedNode extends RunNode {
  /** All resolved. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** It can go over as a whole. */
  readonly isSmallContext: boolean;
}

/**
 * Makes sure, for each package of which something has to be built, that its files, secrets and ssh agents are there and
 * its build arguments have values. No engine is asked for that, so nothing is built in vain.
 *
 * @throws InputError `INPUT_SOURCE_MISSING`, `INPUT_PACKAGE_NOT_FOUND`, `INPUT_SECRET_MISSING`,
 * `INPUT_SSH_AGENT_UNUSABLE`; PlanError `PLAN_BUILD_ARG_UNKNOWN`
 */
export async function prepareBuilds(
  nodes: readonly RunNode[],
  options: Abortable,
): Promise<readonly (RunNode | PreparedNode)[]> {
  const built = new Set(nodes.filter(({ plan }) => plan.action === "build").map(({ tagged }) => tagged));
  const prepared = new Map(
    await settleAll(
      [...built].map(async (tagged) => {
        assertBuildable(tagged);
        await checkPackageFiles(tagged.package, options);
        await verifySecrets(tagged.spec.secrets);
        const { verifySshAgents } = await import("../facade/ssh-agents.ts");
        await verifySshAgents(tagged.spec.ssh, options);
        const own = await resolveBuildArgs(tagged.package, options);
        // A recipe is told nothing that depends on the machine.
        const proxies = tagged.package.source.kind === "dockerfile" ? proxyBuildArgs(process.env) : {};
        const isSmall = await isSmallContext(tagged.package, options);
        return [tagged, { buildArgs: { ...proxies, ...own }, isSmallContext: isSmall }] as const;
      }),
    ),
  );
  return nodes.map((node) => (node.plan.action === "build" ? { ...node, ...prepared.get(node.tagged) } : node));
}

/** What is built is the working tree; a tag of another commit would lie. */
function assertBuildable({ package: { hash, directory } }: TaggedPackage): void {
  if (hash.hash || (hash.hashCommit ?? "HEAD") === "HEAD") return;
  throw new InputError("INPUT_OPTION_INVALID", `${directory} cannot be built with the tag of ${hash.hashCommit}`, {
    hint: "Check that commit out, and build without hashCommit: tags of other commits can be shown, not built.",
  });
}

/** True if the node has to be built. */
export function isPrepared(node: RunNode): node is PreparedNode {
  return "buildArgs" in node;
}
