import { expandReference } from "../oci/model/reference.ts";
import type { NodeName, RunEvent } from "../progress/event.ts";

/** What is done, for the lines that scripts look for. */
export interface MarkedRun {
  readonly push: boolean;
  readonly build: boolean;
  /** `org/image:tag` of each package. */
  readonly references: readonly string[];
}

/** The lines that tell what begins, as LinuxKit's command writes them to stdout. */
export function beginMarkers({ push, build, references }: MarkedRun): readonly string[] {
  if (push && !build) return references.map((reference) => `Pushing "${reference}" without building`);
  return references.map((reference) => `${push ? "Building and pushing" : "Building"} "${reference}"`);
}

/** The lines that an event stands for; for most there is none. */
export function eventMarkers(event: RunEvent, marked: MarkedRun): readonly string[] {
  const { references } = marked;
  if (event.type === "plan.ready") {
    return references.flatMap((reference) => planMarkers(event.nodes, reference, marked));
  }
  if (event.type !== "node.started") return [];
  const reference = referenceOf(event.node, references);
  const arch = archOf(event.node);
  return [`Building for arch ${arch} as ${expandReference(reference)}-${arch}`];
}

/** The line that tells that all is done. */
export function endMarker({ push }: MarkedRun, release: string | undefined): string {
  if (!push) return "Build complete, not pushing, all done.";
  if (release === undefined) return "Build and push complete, not releasing, all done.";
  return `Build, push and release of "${release}" complete, all done.`;
}

/** The line for a package that is built for no platform. */
export function skippedMarker(reference: string): string {
  return `Skipping ${reference} with no architectures to build`;
}

type PlannedNode = Extract<RunEvent, { type: "plan.ready" }>["nodes"][number];

function planMarkers(nodes: readonly PlannedNode[], reference: string, { build }: MarkedRun): readonly string[] {
  const own = nodes.filter((node) => isOf(node, reference));
  // Without building, there may just be nothing that exists.
  if (own.length === 0) return build ? [skippedMarker(reference)] : [];
  const name = expandReference(reference);
  const missing = own.filter(({ state }) => state === "build" || state === "unknown").map(archOf);
  return [
    `checking for ${name} in local cache...`,
    ...own.map((node) => foundMarker(node, name)),
    ...(missing.length > 0 ? [`building ${name} for arches: ${missing.join(",")}`] : []),
  ];
}

function foundMarker(node: PlannedNode, name: string): string {
  if (node.state === "cached") return `found ${name} in local cache, skipping build`;
  const found = node.state === "published" ? "found on registry" : "not found, will build";
  return `${name} ${archOf(node)} ${found}`;
}

function referenceOf(node: NodeName, references: readonly string[]): string {
  return references.find((reference) => isOf(node, reference)) ?? node.package;
}

function isOf(node: NodeName, reference: string): boolean {
  return reference.slice(0, reference.lastIndexOf(":")) === node.package;
}

function archOf({ platform }: NodeName): string {
  return platform.slice(platform.indexOf("/") + 1);
}
