import type { Command } from "../command.ts";

/** `kitsmith new`. */
export const newPackage: Command = {
  name: "new",
  summary: "Start a package from a template",
  usage: "NAME [DIR]",
  flags: {
    template: { kind: "text", value: "NAME", help: "which template", default: "linuxkit-package" },
  },
  positionals: { min: 1, max: 2 },
  async run({ positionals, text, signal, stdout }) {
    const { createFromTemplate } = await import("../../run/machine/scaffold.ts");
    const [name = "", destination = name] = positionals;
    const template = text("template");
    const made = await createFromTemplate({ name, destination, signal, ...(template ? { template } : {}) });
    stdout.write(
      `${made.files.map((file) => `  ${file}`).join("\n")}\n\nBuild it: kitsmith pkg build ${destination}\n`,
    );
    return 0;
  },
};
