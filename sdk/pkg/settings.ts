import { deepFreeze } from "../core/freeze.ts";
import { formatPlatform, type PlatformText } from "../core/platform.ts";
import { checkedAnnotations } from "./annotations.ts";
import type { AttestSettings } from "./attestation.ts";
import { encodeConfigLabel, type PackageConfig } from "./config-label.ts";
import { buildArgsOf, checkedDockerfile, hashOptionsOf, platformsOf } from "./create-package.ts";
import { type DockerfileOptions, dockerfileOptionsOf } from "./dockerfile-options.ts";
import type { FrontendImage } from "./frontend-image.ts";
import type { DockerfileSource, HashOptions, NamedContext, Package } from "./package.ts";
import type { Reproducible } from "./reproducible.ts";

/** What can be set on a package that exists. What is absent stays as it is. */
export interface PackageSettings {
  readonly platforms?: readonly PlatformText[];
  /** In place of those that the package names, whatever they are. */
  readonly declaredPlatforms?: readonly PlatformText[];
  /** Taken away from those that the package names. */
  readonly skippedPlatforms?: readonly PlatformText[];
  /** Files of build arguments, over the package's own; absolute. They are read when the package is loaded. */
  readonly buildArgFiles?: readonly string[];
  readonly org?: string;
  readonly image?: string;
  readonly tag?: string;
  /** Whether the tag covers all that goes into the images. */
  readonly transitive?: boolean;
  readonly dockerfile?: string;
  readonly target?: string;
  readonly ignoreFiles?: boolean;
  /** Added to those that are there; the same name replaces the context. */
  readonly contexts?: Readonly<Record<string, NamedContext>>;
  /** Added to those that are there; the same option replaces the value. */
  readonly dockerfileOptions?: DockerfileOptions;
  readonly frontend?: FrontendImage;
  readonly network?: boolean;
  readonly disableCache?: boolean;
  readonly gitrepo?: string;
  /** Replaces the whole configuration. */
  readonly config?: PackageConfig;
  /** Added to those that are there; the same name replaces the value. */
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Added, as build arguments are. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Added, as build arguments are. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hash?: HashOptions;
  /** Replaces what was set before. */
  readonly reproducible?: Reproducible;
  /** Each kind of attestation replaces the one that was asked for. */
  readonly attest?: AttestSettings;
}

/**
 * The package with other settings, as a new value. Settings of Dockerfiles have no effect on a recipe.
 *
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_PLATFORM_INVALID`, `INPUT_FIELD_UNKNOWN`
 */
export function withSettings(pkg: Package, settings: PackageSettings): Package {
  const { config, platforms, skippedPlatforms, buildArgs, labels, annotations, hash, attest, reproducible } = settings;
  const { org, image, tag, network, disableCache, gitrepo } = { ...pkg, ...present(settings) };
  return deepFreeze<Package>({
    ...pkg,
    ...{ org, image, tag, network, disableCache, gitrepo },
    ...(settings.transitive === undefined ? {} : { transitive: settings.transitive }),
    platforms: selectedPlatforms(pkg, platforms ?? settings.declaredPlatforms, skippedPlatforms),
    source: pkg.source.kind === "dockerfile" ? dockerfileSource(pkg.source, settings) : pkg.source,
    ...(config === undefined ? {} : { configLabel: encodeConfigLabel(config) }),
    buildArgs: buildArgs === undefined ? pkg.buildArgs : mergedBuildArgs(pkg, buildArgs),
    labels: { ...pkg.labels, ...labels },
    annotations: { ...pkg.annotations, ...checkedAnnotations(annotations) },
    ...(reproducible === undefined ? {} : { reproducible }),
    ...(attest === undefined ? {} : { attest: { ...pkg.attest, ...attest } }),
    hash: hash === undefined ? pkg.hash : hashOptionsOf({ ...pkg.hash, ...hash }, pkg.directory),
  });
}

function selectedPlatforms(
  pkg: Package,
  replaced: readonly PlatformText[] | undefined,
  skipped: readonly PlatformText[] = [],
): Package["platforms"] {
  const platforms = replaced === undefined ? pkg.platforms : platformsOf(replaced);
  const left = new Set(platformsOf(skipped).map(formatPlatform));
  return platforms.filter((platform) => !left.has(formatPlatform(platform)));
}

/** The build arguments of a package with others in place of those of the same name; the others come last. */
function mergedBuildArgs(pkg: Package, added: Readonly<Record<string, string>>): Package["buildArgs"] {
  return [...pkg.buildArgs.filter((arg) => !Object.hasOwn(added, arg.name)), ...buildArgsOf(added)];
}

function dockerfileSource(source: DockerfileSource, settings: PackageSettings): DockerfileSource {
  const { dockerfile, target, ignoreFiles, contexts, frontend, dockerfileOptions } = settings;
  return {
    ...source,
    ...(dockerfile === undefined ? {} : { dockerfile: checkedDockerfile(dockerfile) }),
    ...(target === undefined ? {} : { target }),
    ...(ignoreFiles === undefined ? {} : { ignoreFiles }),
    ...(contexts === undefined ? {} : { contexts: { ...source.contexts, ...contexts } }),
    ...(frontend === undefined ? {} : { frontend }),
    ...(dockerfileOptions === undefined
      ? {}
      : { options: dockerfileOptionsOf({ ...source.options, ...dockerfileOptions }) }),
  };
}

function present(settings: PackageSettings): Partial<PackageSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
