import { PlanError } from "../core/errors.ts";
import type { PlatformText } from "../core/platform.ts";
import { createRedactor, type Redactor } from "../core/redact.ts";
import { evaluateResult } from "../engine/job/job-result.ts";
import type { Image } from "../image/image.ts";
import { withoutAttestations } from "../lower/attestation.ts";
import { createPlan } from "../plan/decision.ts";
import { type EngineBuild, openSolved, solveOnEngine } from "./build/engine-build.ts";
import { showFailure } from "./build/failed-step.ts";
import { joinNodes, nodeName, type RunNode } from "./build/node.ts";
import { stepServices } from "./build/step-services.ts";
import { createDependencyBuilds, type DependencyBuilds } from "./dependencies/dependency-builds.ts";
import { neededImages } from "./dependencies/needed-images.ts";
import { gatherIngredients, ingredientLayouts, stepWith } from "./dependencies/node-ingredients.ts";
import { createEnginePool, type EnginePool } from "./engines/engine-pool.ts";
import { executeRun } from "./execution.ts";
import type { OpenOptions } from "./facade/options.ts";
import { type PackageSpec, setOf } from "./facade/package-spec.ts";
import { announcePlan } from "./facts/announcement.ts";
import { type AssignedNode, assignEngines, isAssigned, replanned } from "./facts/assigned-plan.ts";
import { gatherFacts } from "./facts/package-facts.ts";
import { prepareBuilds } from "./facts/prepared-builds.ts";
import { openStoredImage } from "./facts/stored-image.ts";
import type { RunContext } from "./run.ts";
import { createStores, type Stores } from "./stores.ts";
import { tagPackageSet } from "./tagging/tagging.ts";

/** What an open image holds on to. */
interface Held {
  readonly stores: Stores;
  readonly pool: EnginePool;
  readonly redactor: Redactor;
  readonly dependencies: DependencyBuilds;
  readonly close: () => Promise<void>;
}

/**
 * Opens a package's image on an engine: what exists is fetched, what does not is built, and goes nowhere.
 *
 * @throws what loading and planning throw; BuildError; EngineError
 */
export async function openPackage(
  spec: PackageSpec,
  platform: PlatformText,
  options: OpenOptions,
  context: RunContext,
): Promise<Image> {
  const stores = createStores({ ...options, ...context });
  const pool = createEnginePool(context, options.registries);
  const close = async (): Promise<void> => {
    await pool[Symbol.asyncDispose]();
    await stores[Symbol.asyncDispose]();
  };
  const redactor = createRedactor();
  try {
    const one: PackageSpec = { ...spec, overrides: { ...spec.overrides, platforms: [platform] } };
    const emit: RunContext["emit"] = (event) => context.emit(redactor.data(event));
    const redacted = { ...context, emit };
    const dependencies = createDependencyBuilds(executeRun, options, redacted);
    const held: Held = { stores, pool, redactor, dependencies, close };
    return await openNode(await planNode(one, options, held, redacted), held, options, redacted);
  } catch (error) {
    await close();
    throw redactor.error(error);
  }
}

async function planNode(spec: PackageSpec, options: OpenOptions, held: Held, context: RunContext): Promise<RunNode> {
  const { signal, emit } = context;
  const force = options.force ?? false;
  const packages = await tagPackageSet(setOf(spec), { signal });
  emit({ type: "run.started", at: Date.now(), verb: "open", packages: packages.map(({ name }) => name) });
  const facts = await gatherFacts(packages, held.stores, { signal, force, client: held.stores.reader });
  const plan = createPlan(facts, { verb: "build", force, pull: true, attest: false });
  const prepared = await prepareBuilds(joinNodes(plan, packages, facts), { signal });
  const nodes = await assignEngines(prepared, held.pool);
  announcePlan({ ...plan, packages: plan.packages.map((planned) => replanned(planned, nodes)) }, context);
  const [node] = nodes;
  if (!node) throw new PlanError("PLAN_PLATFORM_UNSUPPORTED", "there is nothing to open");
  return node;
}

async function openNode(node: RunNode, held: Held, options: OpenOptions, context: RunContext): Promise<Image> {
  if (isAssigned(node)) return await openBuilt(node, held, options, context);
  const { pool } = held;
  const { plan, platform, tagged } = node;
  if (!plan.image) throw new PlanError("PLAN_PLATFORM_UNSUPPORTED", `there is no image ${plan.reference}`);
  const engine = await pool.forPlatform(platform, tagged.spec.engines);
  return await openStoredImage(node, plan.image, { ...held, engine }, context);
}

async function openBuilt(
  node: AssignedNode,
  held: Held,
  { onFailure }: OpenOptions,
  context: RunContext,
): Promise<Image> {
  const { stores, redactor, dependencies, close } = held;
  const { engine, assignment, tagged, plan } = node;
  const bases = (await neededImages(node, context)).map((image) => ({ image }));
  const ingredients = await gatherIngredients(node, bases, { stores, dependencies }, context.signal);
  const build: EngineBuild = {
    name: nodeName(node),
    step: withoutAttestations(stepWith(node, ingredients)),
    ...{ engine, assignment },
    credentials: stores.credentials,
    reference: plan.reference,
    services: stepServices(tagged, redactor),
    layouts: await ingredientLayouts(ingredients, stores),
    spec: tagged.spec,
    redactor,
    checks: [],
    emulation: tagged.spec.engines.emulation,
  };
  const solved = await solveOnEngine(build, context);
  const { job, result } = solved;
  try {
    await evaluateResult(job, result, { signal: context.signal });
    return openSolved(build, solved, context, async () => {
      await job[Symbol.asyncDispose]();
      await close();
    });
  } catch (error) {
    try {
      if (onFailure !== undefined) await showFailure(job, redactor.error(error), onFailure);
    } finally {
      await job[Symbol.asyncDispose]();
    }
    throw error;
  }
}
