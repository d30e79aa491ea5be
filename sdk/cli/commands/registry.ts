import { InputError } from "../../core/errors.ts";
import type { Command } from "../command.ts";

/** `kitsmith registry start`. */
export const registryStart: Command = {
  name: "registry start",
  summary: "Start the embedded registry on this machine; its port stays the same",
  flags: { port: { kind: "number", value: "PORT", help: "the one it had, or a free one, by default" } },
  positionals: { min: 0, max: 0 },
  async run({ text, signal, stdout }) {
    const { startEmbeddedRegistry } = await import("../../run/machine/machine.ts");
    const port = parsePort(text("port"));
    const { address } = await startEmbeddedRegistry({ signal, ...(port === undefined ? {} : { port }) });
    stdout.write(`${address}\n`);
    process.stderr.write("it goes on running; `kitsmith registry stop` ends it\n");
    return 0;
  },
};

/** `kitsmith registry stop`. */
export const registryStop: Command = {
  name: "registry stop",
  summary: "Stop the embedded registry; what it holds stays",
  flags: {},
  positionals: { min: 0, max: 0 },
  async run({ stdout }) {
    const { stopEmbeddedRegistry } = await import("../../run/machine/machine.ts");
    stdout.write((await stopEmbeddedRegistry()) ? "stopped\n" : "it was not running\n");
    return 0;
  },
};

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InputError("INPUT_OPTION_INVALID", `--port takes a number from 1 to 65535, not "${text}"`);
}
