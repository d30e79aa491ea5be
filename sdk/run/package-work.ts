import type { Digest } from "../core/digest.ts";
import type { Redactor } from "../core/redact.ts";
import type { Descriptor } from "../oci/model/descriptor.ts";
import { withLostBlobRetry } from "../oci/registry/lost-blob.ts";
import type { PlannedPackage } from "../plan/plan.ts";
import type { NodeOutcome } from "../progress/event.ts";
import { type AssignedNode, isAssigned } from "./assigned-plan.ts";
import { createStep } from "./build-steps.ts";
import { runChecks, skipChecks } from "./checks.ts";
import { contextImages, contextServices, type DependencyBuilds, withContextImages } from "./dependency-builds.ts";
import type { Destination, NodeImage } from "./destination.ts";
import { buildOnEngine } from "./engine-build.ts";
import type { EnginePool } from "./engine-pool.ts";
import { nodeName, type RunNode } from "./node.ts";
import type { NodeEnd, PackageEnd } from "./outcome.ts";
import type { RunContext } from "./run.ts";
import { stepServices } from "./step-services.ts";
import { openStoredImage } from "./stored-image.ts";
import type { Stores } from "./stores.ts";
import { rememberTree, type TreeCheck } from "./tree-check.ts";

/** What the work on packages shares. */
export interface PackageWork {
  readonly stores: Stores;
  readonly destination: Destination;
  readonly engines: EnginePool;
  readonly context: RunContext;
  /** Knows the secrets that steps were given. */
  readonly redactor: Redactor;
  readonly dependencies: DependencyBuilds;
  /** Called with the first failure, so that the rest of a run that shall not go on can be stopped. */
  readonly onFailure: () => void;
  /** Publish the platforms that succeeded although others failed. */
  readonly partial: boolean;
}

/** Builds or moves all platforms of a package at once, and publishes them when all of them are there. */
export async function performPackage(
  planned: PlannedPackage,
  nodes: readonly RunNode[],
  work: PackageWork,
): Promise<PackageEnd> {
  const tree = rememberBuiltTree(nodes, work);
  await Promise.allSettled([tree]);
  const ends = await Promise.all(nodes.map((node) => performNode(node, work)));
  const images = ends.flatMap((end): readonly NodeImage[] =>
    end.ok && end.moved ? [{ node: end.node, descriptor: end.moved }] : [],
  );
  const failed = ends.some((end) => !end.ok);
  if (failed && (!work.partial || images.length === 0)) return { planned, nodes: ends };
  try {
    const check = await tree;
    await check?.(work.context.signal);
    const index = await work.destination.publish(planned, images);
    return { planned, nodes: ends, ...(index ? { index } : {}) };
  } catch (error) {
    const outcome = failureOutcome(error, work.context);
    if (outcome === "failed") work.onFailure();
    return { planned, nodes: ends, unpublished: { error, outcome } };
  }
}

type PerformedNode = NodeEnd & { readonly moved?: Descriptor };

async function performNode(node: RunNode, work: PackageWork): Promise<PerformedNode> {
  const startedAt = Date.now();
  const { context } = work;
  try {
    const moved = await perform(node, work);
    const outcome = outcomeOf(node);
    finished(node, context, outcome, moved?.digest);
    const durationMs = Date.now() - startedAt;
    return { node, ok: true, outcome, durationMs, ...(moved ? { image: moved, moved } : {}) };
  } catch (thrown) {
    const error = work.redactor.error(thrown);
    const outcome = failureOutcome(error, context);
    finished(node, context, outcome, undefined, error);
    if (outcome === "failed") work.onFailure();
    return { node, ok: false, outcome, error, durationMs: Date.now() - startedAt };
  }
}

/** What is stopped rejects with the signal's reason; whatever else is thrown has failed by itself. */
function failureOutcome(error: unknown, { signal }: RunContext): "failed" | "canceled" {
  return signal.aborted && error === signal.reason ? "canceled" : "failed";
}

async function perform(node: RunNode, work: PackageWork): Promise<Descriptor | undefined> {
  work.context.signal.throwIfAborted();
  if (isAssigned(node)) {
    const images = await contextImages(node.tagged.spec, node.platform, work.dependencies);
    // What was built already comes from the engine's cache when it is pushed again.
    return await node.engine.limit(() => withLostBlobRetry(() => build(node, images, work), work.context));
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
    await using opened = await openStoredImage(node, image, { engine, stores, redactor }, context);
    await runChecks(wanted, opened, name, context);
  });
}

async function build(
  node: AssignedNode,
  images: Readonly<Record<string, Digest>>,
  work: PackageWork,
): Promise<Descriptor | undefined> {
  const { context, destination, stores } = work;
  context.signal.throwIfAborted();
  const { engine, assignment, tagged, platform, buildArgs } = node;
  const name = nodeName(node);
  context.emit({ type: "node.started", at: Date.now(), node: name, engine: engine.facts.address });
  const output = await destination.output(node);
  const { buildPlatform } = assignment;
  const { sandboxNetwork } = engine;
  const step = withContextImages(createStep(tagged, buildArgs, { platform, buildPlatform, sandboxNetwork }), images);
  const exported = await buildOnEngine(
    {
      ...{ name, step, engine, assignment, output },
      credentials: stores.credentials,
      reference: node.plan.reference,
      checks: tagged.spec.checks,
      emulation: tagged.spec.engines.emulation,
      services: [...stepServices(tagged.spec, work.redactor), ...(await contextServices(images, stores))],
      redactor: work.redactor,
    },
    context,
  );
  const image = await output.complete(exported);
  if (image) await destination.settle(node, image);
  return image;
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
async function rememberBuiltTree(nodes: readonly RunNode[], { context }: PackageWork): Promise<TreeCheck | undefined> {
  const built = nodes.find(isAssigned);
  return built && (await rememberTree(built.tagged, context.signal));
}
