import { InputError } from "../core/errors.ts";
import type { EngineChoice } from "../run/engines/engine-selection.ts";
import { commaList } from "./comma-list.ts";
import type { Flags, Invocation } from "./command.ts";

/** The flag that names engines by platform. */
export const BUILDERS_FLAG: Flags = {
  builders: {
    kind: "list",
    value: "PLATFORM=CONTEXT,…",
    help: "docker context, or address of an engine, for a platform; over those of LINUXKIT_BUILDERS",
  },
};

const OWN_BUILDER =
  "kitsmith builds with the engine that it finds, or with those of --builders and LINUXKIT_BUILDERS, which take docker contexts and addresses";

/** LinuxKit's flags for the container that it builds in. */
export const BUILDER_CONTAINER_FLAGS: Flags = {
  "builder-name": { kind: "text", help: "", replaced: OWN_BUILDER },
  "builder-image": { kind: "text", help: "", replaced: OWN_BUILDER },
  "builder-config": { kind: "text", help: "", replaced: OWN_BUILDER },
  "builder-restart": { kind: "boolean", help: "", replaced: OWN_BUILDER },
};

/**
 * The engines that `--builders` names, by platform. LinuxKit's form names a docker context; whatever has a scheme is an
 * address.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function namedBuilders(invocation: Invocation): Readonly<Record<string, EngineChoice>> {
  return Object.fromEntries((commaList(invocation, "builders") ?? []).map(parseBuilder));
}

function parseBuilder(text: string): readonly [string, EngineChoice] {
  const separator = text.indexOf("=");
  const [platform, value] = [text.slice(0, separator), text.slice(separator + 1)];
  if (separator <= 0 || value === "" || !(platform === "default" || /^[^/]+\/./.test(platform))) {
    throw new InputError(
      "INPUT_OPTION_INVALID",
      `--builders takes PLATFORM=CONTEXT or PLATFORM=ADDRESS, not "${text}"`,
      {
        hint: "Such as linux/arm64=arm-box, linux/arm64=tcp://arm-box:1234, or default=unix:///run/buildkit/buildkitd.sock.",
      },
    );
  }
  return [platform, value.includes("://") ? { kind: "address", address: value } : { kind: "docker", context: value }];
}
