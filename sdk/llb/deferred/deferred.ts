import { compareUtf8 } from "../../core/utf8-order.ts";
import { checkNonEmpty, checkText } from "../argument.ts";
import { captureCallSite } from "../call-site.ts";
import { invalidOp } from "../invalid-op.ts";
import { imageSettings, withSettings } from "../settings.ts";
import { normalizeContextName } from "../sources/context-name.ts";
import { normalizeImageReference } from "../sources/image-reference.ts";
import { State } from "../state.ts";
import type { StateValue } from "../state-value.ts";
import type { DeferredDirectory, DeferredFrontend, DeferredVertex } from "../vertex.ts";
import { type VertexOptions, vertexConstraints } from "../vertex-options.ts";

const DOCKERFILE_FRONTEND = "dockerfile.v0";
const CONTEXTS_CAPABILITY = "moby.buildkit.frontend.contexts+forward";

/** What {@link from} takes: a package, as `pkg()` gives it. */
export interface PackageValue {
  readonly spec: object;
}

/**
 * The image of another package, with its config: the package is planned with the one whose recipe uses it, and built
 * first where neither the cache nor the registry has it. It is built for the platform of the recipe, unless `platform`
 * names another. Its tag is recorded with what is built from it.
 *
 * @throws PlanError `PLAN_CYCLE`, when the recipe's package is planned, if packages use each other in a circle
 * @example
 * ```ts
 * const recipe: Recipe = () => llb.from(pkg("../base")).run("make install");
 * ```
 */
export function from(source: PackageValue, options: VertexOptions = {}): State {
  const given: { readonly spec?: unknown } | null | undefined = source;
  if (typeof given?.spec !== "object" || given.spec === null) {
    throw invalidOp("what a state starts from is no package", {
      op: "package",
      hint: "Pass a package, such as pkg(directory); an image of a registry is llb.image(reference).",
    });
  }
  return deferredState({
    kind: "deferred",
    made: Object.freeze({ kind: "package", package: given.spec }),
    constraints: vertexConstraints(options, "package"),
    site: captureCallSite(from),
  });
}

/** Options of {@link dockerfile}. */
export interface DockerfileOptions extends VertexOptions {
  /** Its name in the directory. Default `Dockerfile`. */
  readonly filename?: string;
  /** The stage that is wanted. Default the last one. */
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** States under names, for `FROM name` and `COPY --from=name`. */
  readonly contexts?: Readonly<Record<string, StateValue>>;
  /** Honour .dockerignore files of a directory. Default true. */
  readonly ignoreFiles?: boolean;
  /** More attributes of the frontend, such as `add-hosts`. */
  readonly options?: Readonly<Record<string, string>>;
}

/**
 * What a Dockerfile makes, with its image config. The engine's frontend reads the Dockerfile while the recipe is
 * resolved, so its steps are steps of this build, with their lines. Its build context is a directory of the client
 * (relative ones count from the package's), or a state that holds the Dockerfile.
 *
 * @throws GraphError `LLB_INVALID_OP`
 * @example
 * ```ts
 * const tools = llb.dockerfile("tools", { target: "static", buildArgs: { VERSION: "1.2" } });
 * return llb.scratch().copy(tools.path("/out/tool"), "/usr/bin/tool");
 * ```
 */
export function dockerfile(source: string | StateValue, options: DockerfileOptions = {}): State {
  const { filename = "Dockerfile", target, buildArgs = {}, contexts = {} } = options;
  const named = Object.entries(contexts).map(([name, state]) => [contextName(name), state] as const);
  const prefixed = (prefix: string, values: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}${key}`, value]));
  const directory = typeof source === "string" ? directoryOf(source, options.ignoreFiles ?? true) : undefined;
  return frontendState(DOCKERFILE_FRONTEND, options, {
    site: captureCallSite(dockerfile),
    directory,
    options: {
      ...options.options,
      filename: checkNonEmpty(filename, "the name of the Dockerfile", "dockerfile"),
      ...(target === undefined ? {} : { target }),
      ...prefixed("build-arg:", buildArgs),
      ...Object.fromEntries(named.map(([name]) => [`context:${name}`, `input:${inputName(name)}`])),
      ...(named.length === 0 ? {} : { "frontend.caps": CONTEXTS_CAPABILITY }),
    },
    inputs: {
      ...Object.fromEntries(named.map(([name, state]) => [inputName(name), state])),
      ...(typeof source === "string" ? {} : { context: source, dockerfile: source }),
    },
  });
}

/** Options of {@link frontend}. */
export interface FrontendOptions extends VertexOptions {
  /** Attributes of the frontend, as it names them. */
  readonly options?: Readonly<Record<string, string>>;
  /** States that the frontend can ask for, by the names that it knows. */
  readonly inputs?: Readonly<Record<string, StateValue>>;
  /** A directory that is served as build context; relative ones count from the package's. Default none. */
  readonly directory?: string;
  /** Honour .dockerignore files of the directory. Default true. */
  readonly ignoreFiles?: boolean;
}

/**
 * What a frontend makes, with its image config: `dockerfile.v0`, which is a part of every engine, or an image that speaks
 * BuildKit's gateway protocol. It runs while the recipe is resolved; what it answers becomes a part of this build.
 *
 * @throws GraphError `LLB_INVALID_OP`
 * @example
 * ```ts
 * const site = llb.frontend("ghcr.io/acme/site-frontend:1", { options: { theme: "dark" }, inputs: { pages: context("pages") } });
 * ```
 */
export function frontend(reference: string, options: FrontendOptions = {}): State {
  const { directory, ignoreFiles = true } = options;
  const name = reference === DOCKERFILE_FRONTEND ? reference : normalizeImageReference(reference);
  return frontendState(name, options, {
    site: captureCallSite(frontend),
    directory: directory === undefined ? undefined : directoryOf(directory, ignoreFiles),
    options: options.options ?? {},
    inputs: options.inputs ?? {},
  });
}

function frontendState(
  name: string,
  vertexOptions: VertexOptions,
  {
    options,
    inputs,
    directory,
    site,
  }: Pick<DeferredFrontend, "options" | "inputs" | "directory"> & Pick<DeferredVertex, "site">,
): State {
  for (const [key, value] of Object.entries(options)) checkText(value, `the attribute ${key}`, "frontend");
  for (const [key, state] of Object.entries(inputs)) checkInput(key, state);
  const made = Object.freeze({
    kind: "frontend",
    frontend: name,
    options: sorted(options),
    inputs: sorted(inputs),
    directory,
  } as const);
  return deferredState({ kind: "deferred", made, constraints: vertexConstraints(vertexOptions, "frontend"), site });
}

function deferredState(given: DeferredVertex): State {
  const vertex = Object.freeze(given);
  const { platform } = vertex.constraints;
  const settings = imageSettings(vertex);
  return new State(
    Object.freeze({ vertex, index: 0 }),
    platform === undefined ? settings : withSettings(settings, { platform }),
  );
}

function checkInput(name: string, state: StateValue): void {
  checkNonEmpty(name, "the name of an input", "frontend");
  const given: unknown = state;
  if (typeof given === "object" && given !== null && "settings" in given && "output" in given) return;
  throw invalidOp(`the input "${name}" is no state`, { op: "frontend", hint: "Pass states, such as llb.image(…)." });
}

function directoryOf(path: string, ignoreFiles: boolean): DeferredDirectory {
  return Object.freeze({ path: checkNonEmpty(path, "the directory", "frontend"), ignoreFiles });
}

/** The key of a named context among the inputs; the plain names mean the build context itself. */
function inputName(context: string): string {
  return `named-${context}`;
}

function contextName(name: string): string {
  const short = normalizeContextName(name);
  if (short !== undefined) return short;
  throw invalidOp(`"${name}" cannot name a context`, {
    op: "dockerfile",
    hint: "Use the name of a stage or of an image, in lower case.",
  });
}

function sorted<T>(members: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.freeze(Object.fromEntries(Object.entries(members).sort(([a], [b]) => compareUtf8(a, b))));
}
