import type { Command } from "../command.ts";

/** `kitsmith engine ls`. */
export const engineList: Command = {
  name: "engine ls",
  summary: "List the engines that kitsmith started and that run",
  flags: {},
  positionals: { min: 0, max: 0 },
  async run({ stdout }) {
    const { listEngines } = await import("../../run/machine/machine.ts");
    const engines = await listEngines();
    if (engines.length === 0) stdout.write("none\n");
    for (const { id, kind, address, pid } of engines) stdout.write(`${id}  ${kind}  ${address}  pid ${pid}\n`);
    return 0;
  },
};

/** `kitsmith engine stop`. */
export const engineStop: Command = {
  name: "engine stop",
  summary: "Stop the engines that kitsmith started; others are never touched",
  usage: "[ID]",
  flags: { "remove-data": { kind: "boolean", help: "remove their build caches too" } },
  positionals: { min: 0, max: 1 },
  async run({ boolean, positionals, signal, stdout }) {
    const { stopEngines } = await import("../../run/machine/machine.ts");
    const [id] = positionals;
    const removeData = boolean("remove-data") ?? false;
    const stopped = await stopEngines({ signal, removeData, ...(id ? { id } : {}) });
    stdout.write(stopped.length === 0 ? "none was running\n" : stopped.map((name) => `stopped ${name}\n`).join(""));
    return 0;
  },
};
