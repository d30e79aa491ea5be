import { settleAll } from "../../core/concurrency.ts";
import { deepFreeze } from "../../core/freeze.ts";
import { dockerfileExecution } from "../../loaders/dockerfile-scan.ts";
import type { BuildStep } from "../../lower/build-step.ts";
import { callStep } from "../../lower/lowering.ts";
import { assignEngine } from "../../plan/engine-assignment.ts";
import type { EngineAssignment, Execution, PlanNode, PlannedPackage } from "../../plan/plan.ts";
import type { RunNode } from "../build/node.ts";
import type { EnginePool, PooledEngine } from "../engines/engine-pool.ts";
import { createStep } from "./build-steps.ts";
import { readDockerfileText } from "./dockerfile-text.ts";
import { isPrepared, type PreparedNode } from "./prepared-builds.ts";

/** A node that has to be built, with the engine that does it. */
export interface AssignedNode extends PreparedNode {
  readonly engine: PooledEngine;
  readonly assignment: EngineAssignment;
  /** Its recipe has been called, if it has one. */
  readonly step: BuildStep;
}

/**
 * Names an engine for each node that has to be built. Engines are looked for only now.
 *
 * @throws EngineError `ENGINE_NOT_FOUND`, `ENGINE_UNREACHABLE`; PlanError `PLAN_EMULATION_REFUSED`
 */
export async function assignEngines(nodes: readonly RunNode[], pool: EnginePool): Promise<readonly RunNode[]> {
  return await settleAll(nodes.map(async (node) => (isPrepared(node) ? await assign(node, pool) : node)));
}

async function assign(node: PreparedNode, pool: EnginePool): Promise<AssignedNode> {
  const { engines } = node.tagged.spec;
  const engine = await pool.forPlatform(node.platform, engines);
  const execution = await executionOf(node);
  const assignment = assignEngine(engine.facts, node.platform, execution, engines.emulation);
  const { tagged, buildArgs, platform, isSmallContext } = node;
  const { buildPlatform } = assignment;
  const place = { platform, buildPlatform, sandboxNetwork: engine.sandboxNetwork };
  const step = callStep({ ...createStep(tagged, buildArgs, place), isSmallContext });
  return { ...node, engine, assignment, step, plan: deepFreeze<PlanNode>({ ...node.plan, engine: assignment }) };
}

/** True if the node was given an engine. */
export function isAssigned(node: RunNode): node is AssignedNode {
  return "engine" in node;
}

/** What the Dockerfile runs, as far as its text tells; what a recipe runs is known exactly, once it is lowered. */
async function executionOf(node: PreparedNode): Promise<Execution> {
  const dockerfile = await readDockerfileText(node);
  return dockerfile === undefined ? "unknown" : dockerfileExecution(dockerfile.text, dockerfile.options);
}

/** The package of a plan with its nodes as they are now. */
export function replanned(planned: PlannedPackage, nodes: readonly RunNode[]): PlannedPackage {
  return deepFreeze({ ...planned, nodes: nodes.filter((node) => node.planned === planned).map((node) => node.plan) });
}
