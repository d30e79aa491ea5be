import { commaList } from "../comma-list.ts";
import type { Command } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";
import { registryOptions } from "../registry-options.ts";

/** `kitsmith plan`. */
export const plan: Command = {
  name: "plan",
  summary: "Show what a push would do for each package and platform, and why",
  usage: "PATH…",
  flags: {
    ...PACKAGE_FLAGS,
    platforms: { kind: "list", value: "OS/ARCH,…", help: "these platforms in place of the package's own" },
    force: { kind: "boolean", help: "as if nothing existed" },
    json: { kind: "boolean", help: "print JSON" },
  },
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  async run(invocation) {
    const { packagesOf } = await import("../package-arguments.ts");
    const { formatPlan } = await import("../../plan/plan-text.ts");
    const platforms = commaList(invocation, "platforms");
    const packages = packagesOf(invocation);
    const cacheDirectory = invocation.text("cache");
    const made = await (platforms ? packages.platforms(...platforms) : packages).plan({
      signal: invocation.signal,
      force: invocation.boolean("force") ?? false,
      ...registryOptions(invocation),
      ...(cacheDirectory ? { cacheDirectory } : {}),
    });
    invocation.stdout.write(`${invocation.boolean("json") ? JSON.stringify(made, undefined, 2) : formatPlan(made)}\n`);
    return 0;
  },
};
