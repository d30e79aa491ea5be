import { setMaxListeners } from "node:events";
import { anySignal } from "../core/abort.ts";
import { RunError } from "../core/errors.ts";
import { createRedactor } from "../core/redact.ts";
import { createShared } from "../core/shared.ts";
import { createPlan, type PlanOptions } from "../plan/decision.ts";
import type { PackageFacts, Plan } from "../plan/plan.ts";
import { assertClean, assertKnown } from "../plan/preflight.ts";
import type { TreeListing } from "../session/filesync/tree-listing.ts";
import { joinNodes, type RunNode } from "./build/node.ts";
import { DEFAULT_RETRIES } from "./build/node-attempts.ts";
import { countOutcomes, type PackageEnd, runFailed, toRunResult } from "./build/outcome.ts";
import { performPackage } from "./build/package-work.ts";
import { verifyScanners } from "./build/scanner-check.ts";
import { createSharedSessions } from "./build/shared-sessions.ts";
import { countWarnings } from "./build/warning-count.ts";
import { createCacheExports } from "./build-cache/cache-exports.ts";
import { createDependencyBuilds } from "./dependencies/dependency-builds.ts";
import { type NodeOrder, orderNodes } from "./dependencies/node-order.ts";
import { createDestination } from "./destinations/destination-choice.ts";
import { registryOf } from "./destinations/registry-destination.ts";
import { assertReleaseTags } from "./destinations/release-tags.ts";
import { createEnginePool, type EnginePool } from "./engines/engine-pool.ts";
import { beginEngines } from "./engines/engines-ahead.ts";
import type { ExportedPackage, RunResult } from "./facade/result.ts";
import type { RunSpec } from "./facade/verbs.ts";
import { announcePlan } from "./facts/announcement.ts";
import { assignEngines, replanned } from "./facts/assigned-plan.ts";
import { gatherFacts } from "./facts/package-facts.ts";
import { prepareBuilds } from "./facts/prepared-builds.ts";
import { assertMayPush } from "./facts/push-permission.ts";
import { openRegistryReaches, type RegistryReach } from "./facts/registry-reach.ts";
import type { RunContext } from "./run.ts";
import { createStores, type Stores } from "./stores.ts";
import { tagPackageSet } from "./tagging/tagging.ts";
import { createTreeWatch } from "./tagging/tree-check.ts";

/**
 * A run from beginning to end: load and tag the packages, see what exists, decide, name engines, build, publish.
 *
 * @throws what loading and planning throw, before any work; RunError `RUN_FAILED` after work that did not all succeed
 */
export async function executeRun(spec: RunSpec, context: RunContext): Promise<RunResult<ExportedPackage>> {
  const startedAt = Date.now();
  const { emit, signal } = context;
  await using stores = createStores({ ...spec.options, signal, emit });
  await using pool = createEnginePool(context, spec.options.registries);
  await using reaches = openRegistryReaches(context, spec.verb === "push" && (spec.options.keep ?? false));

  if (spec.verb === "push" && spec.options.release) assertReleaseTags(spec.options.release);
  const packages = await tagPackageSet(spec.set, { signal });
  emit({ type: "run.started", at: startedAt, verb: spec.verb, packages: packages.map((tagged) => tagged.name) });
  const facts = await gatherFacts(packages, stores, {
    signal,
    force: spec.options.force ?? false,
    // What a mirror has, or has not yet, says nothing of where the images shall be.
    client: spec.verb === "push" ? stores.registry : stores.reader,
    ...(spec.verb === "push" ? { trustPublishedMs: spec.options.trustPublishedMs } : {}),
  });
  const decided = createPlan(facts, planOptions(spec));
  const joined = joinNodes(decided, packages, facts);
  if (spec.verb === "push") assertClean(facts);
  beginEngines(joined, pool, async (engine, node) => {
    if (spec.verb === "push") await reaches.reach(engine, registryOf(node));
  });
  if (spec.verb === "push") await assertPush(facts, decided, stores, signal);
  const prepared = await prepareBuilds(joined, { signal });
  const nodes = await assignEngines(prepared, pool);
  await verifyScanners(nodes, stores, { signal });
  const plan = { ...decided, packages: decided.packages.map((planned) => replanned(planned, nodes)) };
  announcePlan(plan, context);

  const order = await orderNodes(nodes, signal);
  const warnings = countWarnings(emit);
  const counted = { ...context, emit: warnings.emit };
  const ends = await performAll(spec, plan, { nodes, order }, { stores, pool, reach: reaches.reach }, counted);
  signal.throwIfAborted();
  const result = toRunResult(plan, ends, Date.now() - startedAt, warnings);
  emit({ type: "run.finished", at: Date.now(), ok: result.ok, outcomes: countOutcomes(ends) });
  if (!result.ok && !spec.set.keepGoing) throw runFailed(result);
  return result;
}

function planOptions({ verb, options }: RunSpec): PlanOptions {
  // These two hold no image that a cache could give.
  const isRebuilt = verb === "export" && (options.type === "tar" || options.type === "local");
  const pull = verb === "build" ? (options.pull ?? true) : true;
  const build = verb === "push" ? (options.build ?? true) : true;
  return { verb, force: isRebuilt || (options.force ?? false), pull, build };
}

async function assertPush(
  facts: readonly PackageFacts[],
  plan: Plan,
  stores: Stores,
  signal: AbortSignal,
): Promise<void> {
  // It comes first: a registry that does not let us in does not say what it has either.
  await assertMayPush(plan, stores, signal);
  assertKnown(facts, plan);
}

async function performAll(
  spec: RunSpec,
  plan: Plan,
  { nodes, order }: { readonly nodes: readonly RunNode[]; readonly order: NodeOrder },
  { stores, pool, reach }: { readonly stores: Stores; readonly pool: EnginePool; readonly reach: RegistryReach },
  context: RunContext,
): Promise<readonly PackageEnd[]> {
  const stop = new AbortController();
  const signal = anySignal(context.signal, stop.signal) ?? stop.signal;
  setMaxListeners(0, signal);
  const redactor = createRedactor();
  const emit: RunContext["emit"] = (event) => context.emit(redactor.data(event));
  const stoppable = { ...context, emit, signal };
  const cacheExports = createCacheExports(stoppable);
  const work = {
    stores,
    cacheExports,
    engines: pool,
    context: stoppable,
    redactor,
    dependencies: createDependencyBuilds(executeRun, spec.options, stoppable),
    destination: await createDestination(spec, nodes, { stores, reach }, stoppable),
    attempts: { retries: spec.options.retries ?? DEFAULT_RETRIES, timeoutMs: spec.options.nodeTimeoutMs },
    sessions: createSharedSessions(signal),
    trees: createTreeWatch(signal),
    listings: createShared<TreeListing>(),
    order,
    begun: new Map(),
    cachedBases: spec.options.cachedBases ?? true,
    partial: spec.verb === "push" && (spec.options.partial ?? false),
    onFailure: () => {
      if (!spec.set.keepGoing) stop.abort(new RunError("RUN_CANCELED", "another package or platform failed"));
    },
  };
  const ends = await Promise.all(
    plan.packages.map((planned) =>
      performPackage(
        planned,
        nodes.filter((node) => node.plan.package === planned.name && node.planned.reference === planned.reference),
        work,
      ),
    ),
  );
  await cacheExports.settled();
  return ends;
}
