import type { Command } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";
import { registryOptions } from "../registry-options.ts";

/** `kitsmith pkg remote-tag`. */
export const pkgRemoteTag: Command = {
  name: "pkg remote-tag",
  summary: "Give an image in a registry another name, without building or moving layers where that can be avoided",
  usage: "FROM TO",
  flags: { ...PACKAGE_FLAGS, release: { kind: "text", help: "", replaced: "the new tag is named by TO" } },
  positionals: { min: 2, max: 2 },
  async run(invocation) {
    const { remoteTag } = await import("../../run/publishing/published.ts");
    const { signal, stdout, positionals } = invocation;
    const [from = "", to = ""] = positionals;
    const { reference, digest, changed } = await remoteTag(from, to, { signal, ...registryOptions(invocation) });
    stdout.write(`${reference} ${digest}${changed ? "" : " (there already)"}\n`);
    return 0;
  },
};
