import type { SourceLocation } from "../core/errors.ts";
import type { Platform } from "../core/platform.ts";
import type { AttestSettings } from "./attestation.ts";
import type { DockerfileOptions } from "./dockerfile-options.ts";
import type { FrontendImage } from "./frontend-image.ts";
import type { RemoteContext } from "./remote-context.ts";
import type { Reproducible } from "./reproducible.ts";

/** One build argument that the package's author wrote. */
export interface BuildArg {
  readonly name: string;
  /** Text, or a source such as `@lkt:pkg:../base` that `run` resolves before lowering. */
  readonly value: string;
  readonly location?: SourceLocation;
  /** True for arguments that the tree hash covers (they stand in build.yml); false for those given in code. */
  readonly inTree: boolean;
}

/** A directory that lies over the package's own in the build context. */
export interface ExtraSource {
  /** Absolute. */
  readonly directory: string;
  /** Clean relative POSIX path in the context, "" for its root. */
  readonly destination: string;
  /** Where the author wrote it. */
  readonly location?: SourceLocation;
}

/** Which commit, directory or text the tag is made from; the LinuxKit CLI's flags. */
export interface HashOptions {
  /** Use this text in place of the tree hash. */
  readonly hash?: string;
  /** Default `HEAD`. */
  readonly hashCommit?: string;
  /** Absolute; default the package's directory. */
  readonly hashPath?: string;
  readonly forceDirty?: boolean;
  readonly dev?: boolean;
}

/** Built by the dockerfile frontend. */
export interface DockerfileSource {
  readonly kind: "dockerfile";
  /** Relative to the package's directory. */
  readonly dockerfile: string;
  readonly target?: string;
  /** Honour .dockerignore files. LinuxKit does not: false for build.yml packages, true for Dockerfile-only ones. */
  readonly ignoreFiles: boolean;
  /** By name. */
  readonly contexts?: Readonly<Record<string, NamedContext>>;
  readonly options?: DockerfileOptions;
  /** Default: the engine's own frontend for Dockerfiles. */
  readonly frontend?: FrontendImage;
  /** Where the engine fetches Dockerfile and context. Default: both lie in the package's directory. */
  readonly remote?: RemoteContext;
}

/** What a Dockerfile gets under a name, in `FROM name` and `COPY --from=name`. */
export type NamedContext =
  /** An image (`docker-image://…`), a git repository or an archive, which the engine fetches. */
  | { readonly kind: "url"; readonly url: string }
  /** A directory of this machine; absolute. */
  | { readonly kind: "directory"; readonly directory: string }
  /** A state, made for each platform. */
  | { readonly kind: "recipe"; readonly recipe: Recipe };

/** Built by a function that makes LLB. */
export interface RecipeSource {
  readonly kind: "recipe";
  readonly recipe: Recipe;
}

/** What a recipe is told. Called once per platform, pure. */
export interface RecipeContext {
  readonly platform: Platform;
  /** The platform of the engine that runs the build. */
  readonly buildPlatform: Platform;
  /** The package's directory, or a directory in it, as build context. */
  readonly context: (path?: string, options?: RecipeContextOptions) => import("../llb/state.ts").State;
  /** Build arguments, all resolved. */
  readonly args: Readonly<Record<string, string>>;
}
/** Which files of the context a recipe uses. */
export interface RecipeContextOptions {
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}
/** Makes the state that becomes the image, or `llb.result(state, …)` with what goes with it. */
export type Recipe = (
  context: RecipeContext,
) => import("../llb/state.ts").State | import("../llb/result.ts").BuildResult;

/** An immutable package: metadata and a recipe or a Dockerfile. No connection, no git state. */
export interface Package {
  /** Absolute; "" for a package that lies elsewhere. */
  readonly directory: string;
  readonly origin: { readonly loader: "build.yml" | "dockerfile" | "recipe"; readonly file?: string };
  readonly org: string;
  readonly image: string;
  /** A Go template over `.Hash`. Default `{{.Hash}}`. */
  readonly tag: string;
  /** The tag covers all that goes into the images. Default: LinuxKit's, of the tree alone. */
  readonly transitive?: boolean;
  readonly platforms: readonly Platform[];
  readonly source: DockerfileSource | RecipeSource;
  readonly extraSources: readonly ExtraSource[];
  /** "" for none. */
  readonly gitrepo: string;
  readonly network: boolean;
  readonly disableCache: boolean;
  /** JSON text of the label `org.mobyproject.config`, exactly as the LinuxKit CLI writes it. */
  readonly configLabel?: string;
  readonly buildArgs: readonly BuildArg[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly dependsImages?: DependsImages;
  /** Given where equal inputs must give equal bytes: no time in the image is later than this one. */
  readonly reproducible?: Reproducible;
  /** What engines are to attest of the image; nothing that is not asked for. */
  readonly attest?: AttestSettings;
  readonly hash: HashOptions;
}

/** Images that a package wants as docker-save archives in its context. */
export interface DependsImages {
  /** References with digest. */
  readonly images: readonly string[];
  readonly target?: string;
  readonly targetDirectory?: string;
}
