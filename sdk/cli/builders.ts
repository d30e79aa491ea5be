import { statSync } from "node:fs";
import { InputError } from "../core/errors.ts";
import type { ContainerEngineOptions, EngineChoice } from "../run/engines/engine-selection.ts";
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

/** LinuxKit's flags for the container that it builds in. Any of them, or of the variables, makes kitsmith build in one. */
export const BUILDER_CONTAINER_FLAGS: Flags = {
  "builder-name": {
    kind: "text",
    value: "NAME",
    help: "build in this container of docker, made where it is not there; before LINUXKIT_BUILDER_NAME",
    default: "linuxkit-builder, if another flag asks for a container",
  },
  "builder-image": {
    kind: "text",
    value: "IMAGE",
    help: "image of that container; before LINUXKIT_BUILDER_IMAGE",
    default: "what the container has, or a BuildKit that fits",
  },
  "builder-config": {
    kind: "text",
    value: "FILE",
    help: "buildkitd.toml of that container, with the certificates that it names; before LINUXKIT_BUILDER_CONFIG",
  },
  "builder-restart": { kind: "boolean", help: "make that container anew, once; what it has built stays" },
};

/**
 * The engines that `--builders` names, by platform, and the container that the other flags and variables ask for.
 * LinuxKit's form names a docker context; whatever has a scheme is an address.
 *
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_SOURCE_MISSING`
 */
export function namedBuilders(invocation: Invocation): Readonly<Record<string, EngineChoice>> {
  const container = containerOptions(invocation);
  const named = (commaList(invocation, "builders") ?? []).map((text) => parseBuilder(text, container));
  return Object.fromEntries<EngineChoice>([
    ...(container ? [["default", { kind: "container", ...container }] as const] : []),
    ...named,
  ]);
}

function containerOptions(invocation: Invocation): ContainerEngineOptions | undefined {
  const value = (flag: string, variable: string) => invocation.text(flag) || invocation.env[variable] || undefined;
  const name = value("builder-name", "LINUXKIT_BUILDER_NAME");
  const image = value("builder-image", "LINUXKIT_BUILDER_IMAGE");
  const config = value("builder-config", "LINUXKIT_BUILDER_CONFIG");
  const restart = invocation.boolean("builder-restart") ?? false;
  if (config !== undefined && !statSync(config, { throwIfNoEntry: false })?.isFile()) throw noConfig(config);
  if (!(name || image || config || restart)) return undefined;
  return {
    ...(name ? { name } : {}),
    ...(image ? { image } : {}),
    ...(config ? { config } : {}),
    ...(restart ? { restart } : {}),
  };
}

function parseBuilder(text: string, container: ContainerEngineOptions | undefined): readonly [string, EngineChoice] {
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
  if (value.includes("://")) return [platform, { kind: "address", address: value }];
  const docker = { context: value };
  return [platform, container ? { kind: "container", ...container, docker } : { kind: "docker", ...docker }];
}

function noConfig(file: string): InputError {
  return new InputError("INPUT_SOURCE_MISSING", `--builder-config: there is no file ${file}`, {
    hint: "Name a buildkitd.toml; relative paths count from the working directory.",
  });
}
