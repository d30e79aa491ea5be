import { VERSION } from "../../core/version.ts";
import type { Command } from "../command.ts";

/** `kitsmith version`. */
export const version: Command = {
  name: "version",
  summary: "Print the version",
  flags: { short: { kind: "boolean", help: "only the number" } },
  positionals: { min: 0, max: 0 },
  async run({ boolean, stdout }) {
    stdout.write(boolean("short") ? `${VERSION}\n` : `kitsmith version ${VERSION}\n`);
    return 0;
  },
};
