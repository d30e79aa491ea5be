import type { Plan, PlanNode } from "./plan.ts";

/**
 * A plan as a table for people: one line per package and platform.
 *
 * @example
 * ```
 * PACKAGE        TAG      PLATFORM     STATE      ENGINE                  WHY
 * linuxkit/init  0df5a1…  linux/amd64  build      unix:///run/buildkit…   neither cache nor registry has this tag and platform
 * ```
 */
export function formatPlan(plan: Plan): string {
  const header = ["PACKAGE", "TAG", "PLATFORM", "STATE", "ENGINE", "WHY"];
  const rows = plan.packages.flatMap((pkg) =>
    pkg.nodes.map((node) => [pkg.name, shortTag(pkg.tag), node.platform, node.state, engineText(node), node.why]),
  );
  return alignColumns([header, ...rows]);
}

function engineText(node: PlanNode): string {
  if (!node.engine) return node.action === "build" ? "(not resolved yet)" : "-";
  const { address, emulation } = node.engine;
  return emulation === "used" ? `${address} (emulated)` : address;
}

function shortTag(tag: string): string {
  return tag.length > 20
    ? `${tag.slice(0, 12)}…${tag.includes("-dirty") ? tag.slice(tag.indexOf("-dirty")) : ""}`
    : tag;
}

function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
