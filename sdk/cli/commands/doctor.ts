import type { Command } from "../command.ts";

/** `kitsmith doctor`. */
export const doctor: Command = {
  name: "doctor",
  summary: "Look at what kitsmith needs on this machine, and say what is missing",
  flags: { json: { kind: "boolean", help: "print JSON" } },
  positionals: { min: 0, max: 0 },
  async run({ boolean, signal, stdout }) {
    const { diagnose } = await import("../../run/machine/machine.ts");
    const findings = await diagnose({ signal });
    if (boolean("json")) stdout.write(`${JSON.stringify(findings, undefined, 2)}\n`);
    else
      for (const { subject, ok, detail, hint } of findings) {
        stdout.write(`${ok ? "ok     " : "MISSING"}  ${subject}: ${detail}\n${hint ? `         ${hint}\n` : ""}`);
      }
    const [node, git, cache, engine, own] = findings;
    // Either engine will do.
    return [node, git, cache].every((finding) => finding?.ok) && (engine?.ok || own?.ok) ? 0 : 1;
  },
};
