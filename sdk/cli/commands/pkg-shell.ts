import { formatPlatform, type PlatformText, parsePlatform } from "../../core/platform.ts";
import type { OpenOptions } from "../../index.ts";
import type { Command, Invocation } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";
import { PROGRESS_FLAG, progressMode } from "../progress-flag.ts";

/** `kitsmith pkg shell`. */
export const pkgShell: Command = {
  name: "pkg shell",
  summary: "Open a terminal in a package's image, which is built or fetched first; what is done in it goes nowhere",
  usage: "DIR [COMMAND…]",
  flags: {
    ...PACKAGE_FLAGS,
    platform: { kind: "text", value: "OS/ARCH", help: "whose image; this machine's own by default" },
    "on-failure": { kind: "boolean", help: "build, and open the terminal in the step that fails, if one does" },
    force: { kind: "boolean", help: "build the image although it exists" },
    cache: { kind: "text", value: "DIR", help: "OCI cache directory", default: "~/.linuxkit/cache" },
    ...PROGRESS_FLAG,
  },
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  async run(invocation) {
    const { packageOf } = await import("../package-arguments.ts");
    const { engines } = await import("../../run/engines/engine-selection.ts");
    const { runInTerminal } = await import("../terminal.ts");
    const [directory = ".", ...command] = invocation.positionals;
    const source = packageOf(invocation, directory).engines(engines({}, { emulation: "allow" }));
    if (invocation.boolean("on-failure")) {
      const { openOnFailure } = await import("../failure-terminal.ts");
      return await openOnFailure(source, platformOf(invocation), openOptions(invocation), { command, invocation });
    }
    await using image = await source.open(platformOf(invocation), openOptions(invocation));
    await using container = await image.openContainer();
    return await runInTerminal(container, command.length > 0 ? command : ["/bin/sh"], invocation);
  },
};

function openOptions(invocation: Invocation): OpenOptions {
  const cacheDirectory = invocation.text("cache");
  return {
    signal: invocation.signal,
    force: invocation.boolean("force") ?? false,
    progress: progressMode(invocation),
    ...(cacheDirectory ? { cacheDirectory } : {}),
  };
}

function platformOf(invocation: Invocation): PlatformText {
  const given = invocation.text("platform");
  if (given) return formatPlatform(parsePlatform(given));
  return process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
}
