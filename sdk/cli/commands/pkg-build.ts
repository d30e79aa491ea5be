import { InputError } from "../../core/errors.ts";
import type { EngineChoice } from "../../run/engine-selection.ts";
import type { FluentPackages } from "../../run/fluent-packages.ts";
import type { RunResult } from "../../run/result.ts";
import { commaList } from "../comma-list.ts";
import type { Command, Flags, Invocation } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";
import { PROGRESS_FLAG, progressMode } from "../progress-flag.ts";

const BUILD_FLAGS: Flags = {
  ...PACKAGE_FLAGS,
  platforms: { kind: "list", value: "OS/ARCH,…", help: "build these platforms in place of the package's own" },
  force: { kind: "boolean", help: "build whatever exists already" },
  pull: { kind: "boolean", help: "fetch to the cache what is only in the registry" },
  push: { kind: "boolean", help: "push after building" },
  docker: { kind: "boolean", help: "load the images into docker" },
  builders: {
    kind: "list",
    value: "PLATFORM=CONTEXT,…",
    help: "docker context, or address of an engine, for a platform",
  },
  cache: { kind: "text", value: "DIR", help: "OCI cache directory", default: "~/.linuxkit/cache" },
  "keep-going": { kind: "boolean", help: "go on with the other packages when one fails" },
  "no-emulation": { kind: "boolean", help: "refuse to run steps under emulation" },
  ...PROGRESS_FLAG,
};

/** `kitsmith pkg build`. */
export const pkgBuild: Command = {
  name: "pkg build",
  summary: "Build packages into the OCI cache, and push them with --push",
  usage: "PATH…",
  flags: BUILD_FLAGS,
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  run: (invocation) => build(invocation, invocation.boolean("push") ?? false),
};

/** `kitsmith pkg push`. */
export const pkgPush: Command = {
  ...pkgBuild,
  name: "pkg push",
  summary: "Build packages and push them: the images of each platform and one index",
  run: (invocation) => build(invocation, true),
};

async function build(invocation: Invocation, push: boolean): Promise<number> {
  const packages = await configured(invocation);
  const cacheDirectory = invocation.text("cache");
  const options = {
    signal: invocation.signal,
    force: invocation.boolean("force") ?? false,
    progress: progressMode(invocation),
    ...(cacheDirectory ? { cacheDirectory } : {}),
  };
  const result = await start(packages, invocation, options, push);
  for (const { reference, digest, images } of result.packages) {
    for (const image of Object.values(images)) {
      invocation.stdout.write(`${image.reference} ${image.digest ?? "-"} ${image.outcome}: ${image.why}\n`);
    }
    invocation.stdout.write(`${reference} ${digest ?? "-"}\n`);
  }
  if (result.ok) return 0;
  const { runFailed } = await import("../../run/outcome.ts");
  throw runFailed(result);
}

async function start(
  packages: FluentPackages,
  invocation: Invocation,
  options: Parameters<FluentPackages["push"]>[0],
  push: boolean,
): Promise<RunResult> {
  if (push) return await packages.push(options);
  if (invocation.boolean("docker")) return await packages.load(options);
  return await packages.build({ ...options, pull: invocation.boolean("pull") ?? false });
}

async function configured(invocation: Invocation): Promise<FluentPackages> {
  const { packagesOf } = await import("../package-arguments.ts");
  const { engines } = await import("../../run/engine-selection.ts");
  const platforms = commaList(invocation, "platforms");
  const builders = Object.fromEntries((commaList(invocation, "builders") ?? []).map(splitBuilder));
  const emulation = invocation.boolean("no-emulation") ? "never" : "allow";
  let packages = packagesOf(invocation).engines(engines(builders, { emulation }));
  if (platforms) packages = packages.platforms(...platforms);
  return packages.keepGoing(invocation.boolean("keep-going") ?? false);
}

/** LinuxKit's form names a docker context; whatever has a scheme is an address. */
function splitBuilder(text: string): readonly [string, EngineChoice] {
  const separator = text.indexOf("=");
  if (separator <= 0 || separator === text.length - 1) {
    throw new InputError(
      "INPUT_OPTION_INVALID",
      `--builders takes PLATFORM=CONTEXT or PLATFORM=ADDRESS, not "${text}"`,
      {
        hint: "Such as linux/arm64=arm-box, linux/arm64=tcp://arm-box:1234, or default=unix:///run/buildkit/buildkitd.sock.",
      },
    );
  }
  const [platform, value] = [text.slice(0, separator), text.slice(separator + 1)];
  return [platform, value.includes("://") ? { kind: "address", address: value } : { kind: "docker", context: value }];
}
