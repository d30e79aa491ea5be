import type { Digest } from "../../core/digest.ts";
import { type ErrorOptions, RunError } from "../../core/errors.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import type { Plan, PlannedPackage } from "../../plan/plan.ts";
import type { NodeOutcome } from "../../progress/event.ts";
import type { ExportedImage, ExportedPackage, FailedNode, NodeReport, RunResult } from "../facade/result.ts";
import type { RunNode } from "./node.ts";
import type { WarningCount } from "./warning-count.ts";

/** How one node ended. */
export type NodeEnd =
  | {
      readonly node: RunNode;
      readonly ok: true;
      readonly outcome: NodeOutcome;
      /** Undefined for exports that hold no image. */
      readonly image?: Pick<Descriptor, "digest">;
      readonly durationMs: number;
    }
  | {
      readonly node: RunNode;
      readonly ok: false;
      readonly outcome: FailedNode["outcome"];
      readonly error: unknown;
      readonly durationMs: number;
    };

/** How a package ended: each of its nodes, and what lies under its tag now. */
export interface PackageEnd {
  readonly planned: PlannedPackage;
  readonly nodes: readonly NodeEnd[];
  readonly index?: Digest;
  /** Set where all was built, but publishing it failed, or was canceled. */
  readonly unpublished?: { readonly error: unknown; readonly outcome: FailedNode["outcome"] };
}

/** The result that a verb gives back. */
export function toRunResult(
  plan: Plan,
  ends: readonly PackageEnd[],
  durationMs: number,
  warnings: Pick<WarningCount, "of">,
): RunResult<ExportedPackage> {
  const failed = ends.flatMap(failuresOf);
  return Object.freeze({
    ok: failed.length === 0,
    plan,
    packages: ends.filter((end) => failuresOf(end).length === 0).map((end) => toPackageResult(end, warnings)),
    failed,
    outcomes: Object.freeze(ends.flatMap((end) => end.nodes.map((node) => nodeReport(end, node)))),
    durationMs,
  });
}

/** How many nodes ended in which way. */
export function countOutcomes(ends: readonly PackageEnd[]): Readonly<Record<NodeOutcome, number>> {
  const counts = { built: 0, cached: 0, published: 0, pulled: 0, failed: 0, canceled: 0, skipped: 0 };
  for (const { outcome } of ends.flatMap((end) => end.nodes)) counts[outcome] += 1;
  return counts;
}

/** The error of a run in which something failed. Its cause is the first failure; all of them are in its details. */
export function runFailed(result: RunResult<ExportedPackage>): RunError {
  const failures = result.failed.filter((node) => node.outcome === "failed");
  const [first] = failures;
  const names = failures.map((node) => `${node.package} ${node.platform}`);
  const { outcomes } = result;
  const options: ErrorOptions = { cause: first?.error, details: { failures, outcomes, result } };
  return new RunError("RUN_FAILED", `failed: ${names.join(", ")}`, options);
}

function failuresOf(end: PackageEnd): readonly FailedNode[] {
  const failed = end.nodes.flatMap((node) => (node.ok ? [] : [failedNode(end, node)]));
  const { unpublished } = end;
  if (unpublished === undefined || failed.length > 0) return failed;
  return end.nodes.map((node) => ({
    package: end.planned.name,
    platform: node.node.plan.platform,
    ...unpublished,
    ...(node.ok && node.image ? { digest: node.image.digest } : {}),
  }));
}

function failedNode(end: PackageEnd, node: NodeEnd & { readonly ok: false }): FailedNode {
  return { package: end.planned.name, platform: node.node.plan.platform, outcome: node.outcome, error: node.error };
}

function nodeReport(end: PackageEnd, node: NodeEnd): NodeReport {
  const { platform, image } = node.node.plan;
  const digest = node.ok ? (node.image?.digest ?? image?.digest) : undefined;
  return Object.freeze({
    package: end.planned.name,
    platform,
    outcome: node.outcome,
    ...(digest ? { digest } : {}),
    ...(node.ok ? {} : { error: node.error }),
  });
}

function toPackageResult({ planned, nodes, index }: PackageEnd, warnings: Pick<WarningCount, "of">): ExportedPackage {
  const images = Object.fromEntries(nodes.flatMap((node) => toImageResult(node, warnings)));
  return Object.freeze({
    name: planned.name,
    tag: planned.tag,
    reference: planned.reference,
    ...(index ? { digest: index } : {}),
    images,
  });
}

function toImageResult(
  end: NodeEnd,
  warnings: Pick<WarningCount, "of">,
): readonly (readonly [string, ExportedImage])[] {
  const { plan } = end.node;
  const digest = end.ok ? (end.image?.digest ?? plan.image?.digest) : undefined;
  if (!end.ok) return [];
  const image: ExportedImage = {
    platform: plan.platform,
    reference: plan.reference,
    ...(digest ? { digest } : {}),
    outcome: end.outcome,
    why: plan.why,
    warnings: warnings.of(plan),
    durationMs: end.durationMs,
  };
  return [[plan.platform, image]];
}
