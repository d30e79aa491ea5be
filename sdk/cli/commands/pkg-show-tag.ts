import type { Command } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";

/** `kitsmith pkg show-tag`. */
export const pkgShowTag: Command = {
  name: "pkg show-tag",
  summary: "Print the references of packages, without network, engine or cache",
  usage: "PATH…",
  flags: { ...PACKAGE_FLAGS, canonical: { kind: "boolean", help: "with the registry's host" } },
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  async run(invocation) {
    const { packagesOf } = await import("../package-arguments.ts");
    const { formatReference, parseReference } = await import("../../oci/model/reference.ts");
    const { signal, stdout } = invocation;
    const canonical = invocation.boolean("canonical") ?? false;
    for (const reference of await packagesOf(invocation).tags({ signal })) {
      stdout.write(`${canonical ? formatReference(parseReference(reference)) : reference}\n`);
    }
    return 0;
  },
};
