import { neutralizeLine } from "./log-text.ts";
import type { Paint } from "./paint.ts";
import { formatBytes, formatDuration } from "./quantity.ts";
import { formatNode, type NodeState, type RunState, type StepState, type TransferState } from "./run-state.ts";
import { fitText, textColumns } from "./text-width.ts";

/** What a picture of a run depends on besides the run. */
export interface FrameOptions {
  readonly nowMs: number;
  readonly columns: number;
  readonly rows: number;
  readonly paint: Paint;
}

const LOG_LINES = 4;
const TRANSFERS = 3;

/** The live view: a line about the run, then each node that is at work, its running steps, output and transfers. */
export function drawFrame(state: RunState, options: FrameOptions): readonly string[] {
  const working = state.nodes.filter((node) => node.status === "running");
  const lines = [drawHead(state, options), ...working.flatMap((node) => drawNode(node, options))];
  if (lines.length <= options.rows) return lines;
  const short = [drawHead(state, options), ...working.map((node) => drawNodeHead(node, options))];
  return short.slice(0, Math.max(1, options.rows));
}

function drawHead(state: RunState, { nowMs, columns, paint }: FrameOptions): string {
  const { waiting, running, ...done } = state.counts;
  const counts = [...Object.entries(done), ["running", running] as const, ["waiting", waiting] as const];
  const text = counts.filter(([, count]) => count > 0).map(([status, count]) => `${count} ${status}`);
  const time = state.startedAt === undefined ? "" : formatDuration(nowMs - state.startedAt);
  return drawRow(`${state.verb}  ${text.join(", ")}`, time, columns, (line) => paint("bold", line));
}

function drawNode(node: NodeState, options: FrameOptions): readonly string[] {
  const running = node.steps.filter((step) => step.number > 0 && step.completedAt === undefined);
  const transfers = node.transfers.filter((transfer) => !transfer.completed).slice(-TRANSFERS);
  return [
    drawNodeHead(node, options),
    ...running.flatMap((step) => drawStep(step, options)),
    ...transfers.map((transfer) => drawTransfer(transfer, options)),
  ];
}

function drawNodeHead(node: NodeState, { nowMs, columns, paint }: FrameOptions): string {
  const done = node.steps.filter((step) => step.completedAt !== undefined).length;
  const steps = node.steps.length === 0 ? "" : `  ${done}/${node.steps.length}`;
  const emulated = node.emulated ? " (emulated)" : "";
  const time = node.startedAt === undefined ? "" : formatDuration(nowMs - node.startedAt);
  return drawRow(`${formatNode(node)}${emulated}${steps}`, time, columns, (line) => paint("cyan", line));
}

function drawStep(step: StepState, { nowMs, columns, paint }: FrameOptions): readonly string[] {
  const time = step.startedAt === undefined ? "" : formatDuration(nowMs - step.startedAt);
  const partial = [step.log.partial.stdout, step.log.partial.stderr].filter((text) => text !== "");
  const log = [...step.log.lines, ...partial].slice(-LOG_LINES);
  return [
    drawRow(`  → ${step.name}`, time, columns, (line) => line),
    ...log.map((line) => paint("dim", fitText(`    ${neutralizeLine(line)}`, columns))),
  ];
}

function drawTransfer(transfer: TransferState, { columns, paint }: FrameOptions): string {
  const total = transfer.totalBytes > 0 ? ` of ${formatBytes(transfer.totalBytes)}` : "";
  return drawRow(`    ${transfer.id}`, `${formatBytes(transfer.currentBytes)}${total}`, columns, (line) =>
    paint("dim", line),
  );
}

/** Text at the left, cut to fit, and a figure at the right edge. */
function drawRow(text: string, figure: string, columns: number, look: (line: string) => string): string {
  const left = fitText(neutralizeLine(text.replaceAll("\n", " ")), columns - textColumns(figure) - 1);
  const gap = Math.max(1, columns - textColumns(left) - textColumns(figure));
  return figure === "" ? look(left) : `${look(left)}${" ".repeat(gap)}${figure}`;
}
