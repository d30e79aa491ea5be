import type { Command } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";
import { registryOptions } from "../registry-options.ts";

/** `kitsmith pkg manifest`. */
export const pkgManifest: Command = {
  name: "pkg manifest",
  aliases: ["pkg index"],
  summary: "Make the index of packages from the images of single architectures that the registry has",
  usage: "PATH…",
  flags: { ...PACKAGE_FLAGS, release: { kind: "text", value: "TAG", help: "make the index of this tag, too" } },
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  async run(invocation) {
    const { packagesOf } = await import("../package-arguments.ts");
    const { signal, stdout, stderr } = invocation;
    const packages = packagesOf(invocation);
    for (const reference of await packages.tags({ signal })) stdout.write(`Updating index for "${reference}"\n`);
    const release = invocation.text("release");
    const options = { signal, ...registryOptions(invocation), ...(release ? { release } : {}) };
    for (const { reference, digest } of await packages.publishIndexes(options)) {
      if (digest === undefined) stderr.write(`${reference} has no image of any architecture: no index was made\n`);
      else stdout.write(`${reference} ${digest}\n`);
    }
    return 0;
  },
};
