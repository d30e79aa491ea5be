import type { Plan } from "../../plan/plan.ts";
import type { RunContext } from "../run.ts";

/** Tells what will be done, and says so where something could not be found out. */
export function announcePlan(plan: Plan, { emit }: RunContext): void {
  const at = Date.now();
  const nodes = plan.packages.flatMap((planned) => planned.nodes);
  emit({
    type: "plan.ready",
    at,
    nodes: nodes.map((node) => ({
      package: node.package,
      platform: node.platform,
      state: node.state,
      why: node.why,
      emulated: node.engine?.emulation === "used",
      ...(node.engine ? { engine: node.engine.address } : {}),
    })),
  });
  for (const node of nodes) {
    if (node.state !== "unknown") continue;
    emit({
      type: "notice",
      at,
      level: "warning",
      node: { package: node.package, platform: node.platform },
      message: `it is not known whether the registry has this image, so it is built: ${node.why}`,
    });
  }
}
