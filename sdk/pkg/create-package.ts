import { isAbsolute, normalize, posix, resolve, sep } from "node:path";
import { InputError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import { type Platform, type PlatformText, parsePlatform } from "../core/platform.ts";
import { checkedAnnotations } from "./annotations.ts";
import { encodeConfigLabel, type PackageConfig } from "./config-label.ts";
import { type DockerfileOptions, dockerfileOptionsOf } from "./dockerfile-options.ts";
import { type FrontendOptions, frontendImageOf } from "./frontend-image.ts";
import type { BuildArg, DockerfileSource, ExtraSource, HashOptions, Package, Recipe } from "./package.ts";
import { fileContextOf, remoteContextOf } from "./remote-context.ts";

/** What LinuxKit takes where a package says nothing. */
export const PACKAGE_DEFAULTS: {
  readonly org: string;
  readonly tag: string;
  readonly dockerfile: string;
  readonly architectures: readonly string[];
  readonly gitrepo: string;
} = deepFreeze({
  org: "linuxkit",
  tag: "{{.Hash}}",
  dockerfile: "Dockerfile",
  architectures: ["amd64", "arm64", "riscv64"],
  gitrepo: "https://github.com/linuxkit/linuxkit",
});

/** What a package in code is made of. */
export interface PackageInit {
  /** Absolute. Hashed for the tag, and the root of the build context. */
  readonly directory: string;
  readonly image: string;
  /** Default `linuxkit`. */
  readonly org?: string;
  /** Default `{{.Hash}}`. */
  readonly tag?: string;
  /** Default linux on amd64, arm64 and riscv64, as with LinuxKit. */
  readonly platforms?: readonly PlatformText[];
  /** Makes the image; without it the directory's Dockerfile does. */
  readonly recipe?: Recipe;
  /** Default `Dockerfile`. */
  readonly dockerfile?: string;
  readonly dockerfileOptions?: DockerfileOptions;
  /** A frontend in an image, in place of the engine's own for Dockerfiles. */
  readonly frontend?: string | ({ readonly image: string } & FrontendOptions);
  readonly target?: string;
  /** Honour .dockerignore files. Default true: such a package is not LinuxKit's. */
  readonly ignoreFiles?: boolean;
  /** `source` counts from the package's directory, `destination` is a path in the context. */
  readonly extraSources?: readonly { readonly source: string; readonly destination: string }[];
  /** Default none: a repository that the package does not name is not claimed as its source. */
  readonly gitrepo?: string;
  /** Whether steps have a network. Default false, as with LinuxKit. */
  readonly network?: boolean;
  readonly disableCache?: boolean;
  readonly config?: PackageConfig;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hash?: HashOptions;
}

/** What a package is made of whose Dockerfile and context the engine fetches, or gets as one archive. */
export interface RemotePackageInit extends Omit<PackageInit, "directory" | "recipe" | "extraSources" | "ignoreFiles"> {
  /**
   * A git repository, `https://host/path.git#ref:directory`: its tag is made from the commit that the reference is now. Or
   * the http address of an archive, which needs a `hash`. Or a tar of this machine, plain or compressed, by its absolute
   * path: its tag is made from the digest of its bytes, and engines get it as a stream, unpacked nowhere here.
   */
  readonly context: string | { readonly tar: string };
  /** The directory in the context that is built. Default all of it. */
  readonly contextSubdirectory?: string;
}

/**
 * A package value from options, of what an engine fetches.
 *
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_PLATFORM_INVALID`, `INPUT_FIELD_UNKNOWN`; GraphError `LLB_INVALID_OP`
 */
export function createRemotePackage({ context, contextSubdirectory, ...init }: RemotePackageInit): Package {
  const pkg = createPackage({ ...init, directory: "/" });
  if (pkg.source.kind !== "dockerfile") throw invalidOption("recipe", "needs a directory");
  const remote =
    typeof context === "string"
      ? remoteContextOf(context, contextSubdirectory)
      : fileContextOf(context.tar, contextSubdirectory);
  const source = { ...pkg.source, remote };
  return deepFreeze<Package>({ ...pkg, directory: "", source });
}

/**
 * A package value from options.
 *
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_PLATFORM_INVALID`, `INPUT_FIELD_UNKNOWN`, `INPUT_SOURCE_MISSING`
 */
export function createPackage(init: PackageInit): Package {
  if (init.image === "") throw invalidOption("image", "must not be empty");
  if (!isAbsolute(init.directory)) throw invalidOption("directory", "must be absolute", { directory: init.directory });
  const directory = normalizeDirectory(init.directory);
  const source: Package["source"] = init.recipe ? { kind: "recipe", recipe: init.recipe } : dockerfileSource(init);
  return deepFreeze<Package>({
    directory,
    origin: { loader: init.recipe ? "recipe" : "dockerfile" },
    org: init.org ?? PACKAGE_DEFAULTS.org,
    image: init.image,
    tag: init.tag ?? PACKAGE_DEFAULTS.tag,
    platforms: platformsOf(init.platforms ?? PACKAGE_DEFAULTS.architectures.map((name) => `linux/${name}`)),
    source,
    extraSources: (init.extraSources ?? []).map((extra) => ({
      directory: resolve(directory, extra.source),
      destination: contextPath(extra.destination),
    })),
    gitrepo: init.gitrepo ?? "",
    network: init.network ?? false,
    disableCache: init.disableCache ?? false,
    ...(init.config === undefined ? {} : { configLabel: encodeConfigLabel(init.config) }),
    buildArgs: buildArgsOf(init.buildArgs ?? {}),
    labels: { ...init.labels },
    annotations: checkedAnnotations(init.annotations),
    hash: hashOptionsOf(init.hash ?? {}, directory),
  });
}

function dockerfileSource(init: PackageInit): DockerfileSource {
  const { frontend, dockerfileOptions, target } = init;
  const { image, ...options } = typeof frontend === "string" ? { image: frontend } : { image: "", ...frontend };
  return {
    kind: "dockerfile",
    dockerfile: checkedDockerfile(init.dockerfile ?? PACKAGE_DEFAULTS.dockerfile),
    ignoreFiles: init.ignoreFiles ?? true,
    ...(target === undefined ? {} : { target }),
    ...(dockerfileOptions === undefined ? {} : { options: dockerfileOptionsOf(dockerfileOptions) }),
    ...(frontend === undefined ? {} : { frontend: frontendImageOf(image, options) }),
  };
}

/** A clean path without slash at its end. */
function normalizeDirectory(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 && clean.endsWith(sep) ? clean.slice(0, -1) : clean;
}

/** The platforms that texts name, without repetitions. */
export function platformsOf(texts: readonly PlatformText[]): readonly Platform[] {
  const platforms = new Map(texts.map((text) => [JSON.stringify(parsePlatform(text)), parsePlatform(text)]));
  return [...platforms.values()];
}

/** Build arguments that are given in code. */
export function buildArgsOf(args: Readonly<Record<string, string>>): readonly BuildArg[] {
  return Object.entries(args).map(([name, value]) => ({ name, value, inTree: false }));
}

/** A path in the build context, cleaned and without leading slash; it may not leave the context. */
export function contextPath(destination: string): ExtraSource["destination"] {
  const clean = posix.normalize(destination === "" ? "." : destination);
  if (clean === ".." || clean.startsWith("../")) {
    throw new InputError("INPUT_SOURCE_MISSING", `the destination ${destination} lies outside of the build context`, {
      hint: "Name a directory in the context, such as vendor or /vendor.",
      details: { destination },
    });
  }
  return clean.replace(/^\/+/, "").replace(/\/+$/, "").replace(/^\.$/, "");
}

/** A Dockerfile's path: relative, and by LinuxKit's rule without any `..`. */
export function checkedDockerfile(dockerfile: string): string {
  if (dockerfile === "" || isAbsolute(dockerfile) || dockerfile.includes("..")) {
    throw invalidOption("dockerfile", "must be a path in the package's directory, without ..", { dockerfile });
  }
  return dockerfile;
}

/** Hash options in full: paths absolute, and `dev` with its fixed hash. */
export function hashOptionsOf(options: HashOptions, directory: string): HashOptions {
  const hashPath = options.hashPath ? normalizeDirectory(options.hashPath) : undefined;
  if (hashPath !== undefined && !(isAbsolute(hashPath) && directory.startsWith(hashPath))) {
    throw invalidOption("hashPath", "must be absolute, and the package's directory or one above it", {
      hashPath,
      directory,
    });
  }
  return {
    ...options,
    ...(hashPath === undefined ? {} : { hashPath }),
    ...(options.dev === true && !options.hash ? { hash: "dev" } : {}),
  };
}

function invalidOption(name: string, problem: string, details: Readonly<Record<string, unknown>> = {}): InputError {
  return new InputError("INPUT_OPTION_INVALID", `${name} ${problem}`, { details: { option: name, ...details } });
}
