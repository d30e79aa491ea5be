import { neutralizeLine } from "./log-text.ts";
import { describeMilestone, describePlanned, type Message } from "./milestone.ts";
import { createPaint, hasColors, type Paint } from "./paint.ts";
import { reduceRun } from "./reducer.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";
import { formatNode, INITIAL_RUN_STATE, type RunState } from "./run-state.ts";
import { createStepTeller } from "./step-message.ts";

/**
 * Writes lines, one after the other, each with the node it is about: for logs of CI and for pipes.
 * Equal events give equal text: times come from the events alone.
 */
export function createPlainRenderer({ stream }: RendererOptions): Renderer {
  const paint = createPaint(stream);
  const teller = createStepTeller();
  let state = INITIAL_RUN_STATE;
  return {
    handle: (event) => {
      const before = state;
      state = reduceRun(before, event);
      const messages: Message[] = [...teller.tell(event, before, state)];
      if (event.type === "run.started") messages.push({ text: `${event.verb} ${event.packages.join(" ")}` });
      if (event.type === "plan.ready") messages.push(...event.nodes.map(describePlanned));
      if (event.type === "node.started") messages.push({ node: event.node, text: `started on ${event.engine}` });
      const milestone = describeMilestone(event, state);
      if (milestone !== undefined) messages.push(milestone);
      const text = messages.map((message) => formatMessage(message, state, paint)).join("");
      if (text !== "") stream.write(text);
    },
    close: () => undefined,
  };
}

/** One line per line of the message, with the node's name in front, as wide as the widest one of the run. */
export function formatMessage(message: Message, state: RunState, paint: Paint): string {
  const prefix = message.node === undefined ? "" : paint("cyan", formatPrefix(formatNode(message.node), state));
  const lines = message.text.split("\n").map((line) => neutralizeLine(line, { colors: hasColors(paint) }));
  return lines
    .map((line) => `${prefix}${message.style === undefined ? line : paint(message.style, line)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join("");
}

function formatPrefix(name: string, state: RunState): string {
  const width = Math.max(...state.nodes.map((node) => formatNode(node).length), 0);
  return `${neutralizeLine(name).padEnd(width)} | `;
}
