import { statSync } from "node:fs";
import { resolve } from "node:path";
import { InputError } from "../core/errors.ts";
import { type PlatformText, parsePlatform } from "../core/platform.ts";
import { engines } from "../run/engines/engine-selection.ts";
import type { FluentPackages } from "../run/facade/fluent-packages.ts";
import { fromFile } from "../run/facade/secret-source.ts";
import type { SshInputs } from "../run/facade/ssh-agents.ts";
import { cacheInputs } from "./build-caches.ts";
import { namedBuilders } from "./builders.ts";
import type { Invocation } from "./command.ts";
import { packagesOf } from "./package-arguments.ts";

/**
 * The packages of a `pkg build` or `pkg push` with all flags applied.
 *
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_PLATFORM_INVALID`
 */
export function buildPackages(invocation: Invocation): FluentPackages {
  assertTogether(invocation);
  const emulation = invocation.boolean("no-emulation") ? "never" : "allow";
  let packages = packagesOf(invocation).engines(engines(namedBuilders(invocation), { emulation }));
  const [platforms, skipped] = [platformList(invocation, "platforms"), platformList(invocation, "skip-platforms")];
  const dockerfile = invocation.text("dockerfile");
  const files = invocation.list("build-arg-file");
  const scanner = invocation.text("sbom-scanner");
  const caches = cacheInputs(invocation);
  const agents = sshAgents(invocation.list("ssh"));
  if (platforms) packages = packages.declarePlatforms(...platforms);
  const foreign = skipped?.find((text) => parsePlatform(text).os !== "linux");
  if (foreign !== undefined) throw invalid(`--skip-platforms takes linux/ARCH, not "${foreign}"`);
  if (skipped) packages = packages.skipPlatforms(...skipped);
  if (dockerfile) packages = packages.dockerfile(dockerfile);
  if (files.length > 0) packages = packages.buildArgFiles(...files);
  if (agents) packages = packages.ssh(agents);
  if (caches) packages = packages.cache(caches);
  if (scanner !== "false") {
    // As with the LinuxKit CLI: what is there already is not built again for it.
    packages = packages.attest({ sbom: scanner ? { scanner } : true, keepStored: true });
  }
  return packages.keepGoing(invocation.boolean("keep-going") ?? false);
}

const CONFLICTS = [
  ["force", "nobuild"],
  ["force", "pull"],
  ["platforms", "skip-platforms"],
] as const;

function assertTogether(invocation: Invocation): void {
  const isOn = (name: string) => invocation.boolean(name) ?? Boolean(invocation.text(name));
  for (const [one, other] of CONFLICTS) {
    if (isOn(one) && isOn(other)) throw invalid(`--${one} and --${other} cannot be given together`);
  }
}

function platformList(invocation: Invocation, name: string): readonly PlatformText[] | undefined {
  const given = invocation.text(name);
  if (!given) return undefined;
  return given.split(",").map((item) => {
    const text = item.trim();
    if (!/^[^/]+\/./.test(text)) throw invalid(`--${name} takes OS/ARCH, such as linux/arm64, not "${text}"`);
    parsePlatform(text);
    return text;
  });
}

/** `default`, `id`, `id=SOCKET` or `id=KEY,KEY`, as docker's tools take them. */
function sshAgents(given: readonly string[]): SshInputs | undefined {
  if (given.length === 0) return undefined;
  return Object.fromEntries(
    given.map((text) => {
      const separator = text.indexOf("=");
      const id = separator < 0 ? text : text.slice(0, separator) || "default";
      if (separator < 0) return [id, {}];
      const paths = text
        .slice(separator + 1)
        .split(",")
        .map((path) => resolve(path));
      const [first = ""] = paths;
      const isSocket = paths.length === 1 && (statSync(first, { throwIfNoEntry: false })?.isSocket() ?? true);
      return [id, isSocket ? { socket: first } : { keys: paths.map((path) => fromFile(path)) }];
    }),
  );
}

function invalid(message: string, hint?: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", message, hint === undefined ? {} : { hint });
}
