import { settleAll } from "../../core/concurrency.ts";
import { isKitsmithError, RunError } from "../../core/errors.ts";
import { lazy } from "../../core/lazy.ts";
import type { Redactor } from "../../core/redact.ts";
import type { Shared } from "../../core/shared.ts";
import type { PlannedPackage } from "../../plan/plan.ts";
import type { NodeOutcome } from "../../progress/event.ts";
import type { TreeListing } from "../../session/filesync/tree-listing.ts";
import type { CacheExports } from "../build-cache/cache-exports.ts";
import type { BaseImage } from "../dependencies/base-contexts.ts";
import type { DependencyBuilds } from "../dependencies/dependency-builds.ts";
import type { NodeOrder } from "../dependencies/node-order.ts";
import type { Destination, MadeImage, NodeImage } from "../destinations/destination.ts";
import type { EnginePool } from "../engines/engine-pool.ts";
import type { CachedBases } from "../facade/options.ts";
import { isAssigned } from "../facts/assigned-plan.ts";
import type { RunContext } from "../run.ts";
import type { Stores } from "../stores.ts";
import { createEarlyTreeCheck, type EarlyTreeCheck } from "../tagging/early-tree-check.ts";
import type { TreeWatch } from "../tagging/tree-check.ts";
import { runChecks, skipChecks } from "./checks.ts";
import { type JointBuild, jointBuilds } from "./joint-build.ts";
import { nodeName, type RunNode } from "./node.ts";
import type { AttemptOptions } from "./node-attempts.ts";
import type { NodeEnd, PackageEnd } from "./outcome.ts";
import type { SharedSessions } from "./shared-sessions.ts";

/** What the work on packages shares. */
export interface PackageWork {
  readonly stores: Stores;
  readonly destination: Destination;
  readonly engines: EnginePool;
  readonly context: RunContext;
  /** Knows the secrets that steps were given. */
  readonly redactor: Redactor;
  readonly dependencies: DependencyBuilds;
  readonly cacheExports: CacheExports;
  readonly sessions: SharedSessions;
  /** Whether base images are looked for in the cache. */
  readonly cachedBases: CachedBases;
  /** Called with the first failure, so that the rest of a run that shall not go on can be stopped. */
  readonly onFailure: () => void;
  /** Publish the platforms that succeeded although others failed. */
  readonly partial: boolean;
  readonly attempts: Pick<AttemptOptions, "retries" | "timeoutMs">;
  readonly trees: TreeWatch;
  /** Walks of contexts; those of the platforms of a package are one. */
  readonly listings: Shared<TreeListing>;
  readonly order: NodeOrder;
  /** The nodes that have begun, so that others can wait for them. */
  readonly begun: Map<RunNode, Promise<PerformedNode>>;
}

/** What a run needs that builds. */
const building = lazy(async () => {
  const [{ gatherIngredients }, { clearTargetDirectory }, { buildNode }] = await Promise.all([
    import("../dependencies/node-ingredients.ts"),
    import("../dependencies/depends-images.ts"),
    import("./node-build.ts"),
  ]);
  return { gatherIngredients, clearTargetDirectory, buildNode };
});

/** Builds or moves all platforms of a package at once, and publishes them when all of them are there. */
export async function performPackage(
  planned: PlannedPackage,
  nodes: readonly RunNode[],
  given: PackageWork,
): Promise<PackageEnd> {
  const tree = rememberBuiltTree(nodes, given);
  const [remembered] = await Promise.allSettled([tree]);
  const work = remembered.status === "fulfilled" ? observedBy(remembered.value, given) : given;
  const joint = jointBuilds(nodes, work);
  const ends = await Promise.all(nodes.map((node) => beginNode(node, work, joint.get(node))));
  const images = ends.flatMap((end): readonly NodeImage[] =>
    end.ok && end.moved ? [{ node: end.node, ...end.moved }] : [],
  );
  const failed = ends.some((end) => !end.ok);
  if (failed && (!work.partial || images.length === 0)) return { planned, nodes: ends };
  try {
    await (await tree)?.check();
    const index = await work.destination.publish(planned, images);
    return { planned, nodes: ends, ...(index ? { index } : {}) };
  } catch (thrown) {
    const error = work.redactor.error(thrown);
    const outcome = failureOutcome(error, work.context);
    if (outcome === "failed") work.onFailure();
    return { planned, nodes: ends, unpublished: { error, outcome } };
  }
}

/** How a node ended, with the image that it made or moved. */
export type PerformedNode = NodeEnd & { readonly moved?: MadeImage };

/** Once, whoever asks first: its package, or a node that needs it. */
function beginNode(node: RunNode, work: PackageWork, joint?: JointBuild): Promise<PerformedNode> {
  const end = work.begun.get(node) ?? performNode(node, work, joint);
  work.begun.set(node, end);
  return end;
}

async function performNode(node: RunNode, work: PackageWork, joint?: JointBuild): Promise<PerformedNode> {
  const startedAt = Date.now();
  const { context } = work;
  try {
    const bases = await neededBases(node, work);
    const moved = await perform(node, bases, work, joint);
    const outcome = outcomeOf(node);
    finished(node, context, outcome, moved?.image.digest);
    const durationMs = Date.now() - startedAt;
    return { node, ok: true, outcome, durationMs, ...(moved ? { image: moved.image, moved } : {}) };
  } catch (thrown) {
    const error = work.redactor.error(thrown);
    const outcome = failureOutcome(error, context);
    finished(node, context, outcome, undefined, error);
    if (outcome === "failed") work.onFailure();
    return { node, ok: false, outcome, error, durationMs: Date.now() - startedAt };
  } finally {
    joint?.leave();
  }
}

/** What is stopped rejects with the signal's reason; what was not begun has not failed itself. */
function failureOutcome(error: unknown, { signal }: RunContext): "failed" | "canceled" | "skipped" {
  if (signal.aborted && error === signal.reason) return "canceled";
  return isKitsmithError(error) && error.code === "RUN_DEPENDENCY_FAILED" ? "skipped" : "failed";
}

/** Waits for the nodes that this one needs. */
async function neededBases(node: RunNode, work: PackageWork): Promise<readonly BaseImage[]> {
  const needs = work.order.needs(node).map(async ({ image, node: maker }): Promise<BaseImage> => {
    if (maker === undefined) return { image };
    const end = await beginNode(maker, work);
    if (end.ok) return { image, made: { node: maker, descriptor: end.moved?.image ?? maker.plan.image } };
    const { package: name, platform } = maker.plan;
    throw new RunError("RUN_DEPENDENCY_FAILED", `${name} ${platform}, which it needs, failed`, {
      cause: end.error,
      details: { package: name, platform },
    });
  });
  return await settleAll(needs);
}

async function perform(
  node: RunNode,
  bases: readonly BaseImage[],
  work: PackageWork,
  joint: JointBuild | undefined,
): Promise<MadeImage | undefined> {
  const { context, order } = work;
  context.signal.throwIfAborted();
  if (isAssigned(node)) {
    const { gatherIngredients, buildNode } = await building();
    const offered = work.cachedBases ? bases : bases.filter(({ made }) => made !== undefined);
    const ingredients = await gatherIngredients(node, offered, work, context.signal);
    if (joint !== undefined) return await joint.run((seat) => buildNode(node, ingredients, work, { seat }));
    const priority = order.priority(node);
    return await node.engine.limit((turn) => buildNode(node, ingredients, work, { turn }), { priority });
  }
  await checkStored(node, work);
  return node.plan.action === "none" ? undefined : await work.destination.transfer(node);
}

/** What is there already is checked only where that is asked for. */
async function checkStored(node: RunNode, { context, engines, stores, redactor }: PackageWork): Promise<void> {
  const { spec } = node.tagged;
  const name = nodeName(node);
  const { image, state } = node.plan;
  const wanted = spec.checks.filter(({ always }) => always);
  skipChecks(
    spec.checks.filter(({ always }) => !always),
    name,
    state,
    context,
  );
  if (wanted.length === 0 || !image) return;
  const engine = await engines.forPlatform(node.platform, spec.engines);
  await engine.limit(async () => {
    const { openStoredImage } = await import("../facts/stored-image.ts");
    await using opened = await openStoredImage(node, image, { engine, stores, redactor }, context);
    await runChecks(wanted, opened, name, context);
  });
}

function outcomeOf({ plan }: RunNode): NodeOutcome {
  if (plan.action === "build") return "built";
  if (plan.action === "pull") return "pulled";
  return plan.state === "published" ? "published" : "cached";
}

function finished(
  node: RunNode,
  { emit }: RunContext,
  outcome: NodeOutcome,
  digest: string | undefined,
  error?: unknown,
): void {
  emit({
    type: "node.finished",
    at: Date.now(),
    node: nodeName(node),
    outcome,
    ...(digest === undefined ? {} : { digest }),
    ...(error === undefined ? {} : { error: error instanceof Error ? error.message : String(error) }),
  });
}

/** Undefined where nothing is built: what exists already was not made from the tree of now. */
async function rememberBuiltTree(
  nodes: readonly RunNode[],
  { trees }: PackageWork,
): Promise<EarlyTreeCheck | undefined> {
  const builds = nodes.filter(isAssigned);
  const [built] = builds;
  if (built === undefined) return undefined;
  const { clearTargetDirectory } = await building();
  await clearTargetDirectory(built.tagged.package);
  return createEarlyTreeCheck(await trees.remember(built.tagged), builds.map(nodeName), trees.pace);
}

function observedBy(check: EarlyTreeCheck | undefined, work: PackageWork): PackageWork {
  if (check === undefined) return work;
  const emit: RunContext["emit"] = (event) => {
    check.observe(event);
    work.context.emit(event);
  };
  return { ...work, context: { ...work.context, emit } };
}
