import { REVISION, VERSION } from "../../core/version.ts";
import type { Command } from "../command.ts";

/** `kitsmith version`. */
export const version: Command = {
  name: "version",
  summary: "Print the version",
  flags: {
    short: { kind: "boolean", help: "only the number" },
    commit: { kind: "boolean", help: "only the commit that it was made from" },
  },
  positionals: { min: 0, max: 0 },
  async run({ boolean, stdout }) {
    if (boolean("short")) stdout.write(`${VERSION}\n`);
    else if (boolean("commit")) stdout.write(`${REVISION}\n`);
    else stdout.write(`kitsmith version ${VERSION}\n`);
    return 0;
  },
};
