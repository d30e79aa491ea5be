import { resolve } from "node:path";
import { canonicalJson } from "../core/json.ts";
import { formatPlatform } from "../core/platform.ts";
import type { DeferredDirectory, DeferredFrontend, DeferredOf, Definition } from "../llb/index.ts";
import type { BuildStep } from "./build-step.ts";
import { localGraph } from "./local-graph.ts";
import { localName } from "./local-name.ts";
import type { FrontendInput, LocalSource } from "./solve-request.ts";

const DOCKERFILE_FRONTEND = "dockerfile.v0";
const CONFIG_KEY = "containerimage.config";

/** An input of a frontend, ready to be sent. */
export interface FrontendStateInput {
  readonly definition: Definition;
  /** Its image config, which a Dockerfile that starts from it inherits. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** What a frontend within a recipe is asked for. */
export function lowerFrontend(
  step: BuildStep,
  { made, constraints }: DeferredOf<DeferredFrontend>,
  inputs: Readonly<Record<string, FrontendStateInput>>,
  network: "sandbox" | "host" | "none",
): FrontendInput {
  const platform = formatPlatform(constraints.platform ?? step.platform);
  const own = made.frontend === DOCKERFILE_FRONTEND;
  return {
    kind: "frontend",
    frontend: own ? DOCKERFILE_FRONTEND : "gateway.v0",
    options: {
      platform,
      "force-network-mode": network,
      ...made.options,
      ...(own ? {} : { source: made.frontend, cmdline: made.frontend }),
      ...localNames(step, made.directory),
      ...Object.fromEntries(
        Object.entries(inputs).flatMap(([name, { config }]) =>
          config === undefined ? [] : [[`input-metadata:${name}`, inputMetadata(config)]],
        ),
      ),
    },
    inputs: Object.fromEntries(Object.entries(inputs).map(([name, { definition }]) => [name, definition])),
  };
}

/** The directories that are served to a frontend within a recipe. */
export function frontendLocals(step: BuildStep, { made }: DeferredOf<DeferredFrontend>): readonly LocalSource[] {
  if (made.directory === undefined) return [];
  const { context, dockerfile } = directoryLocals(step, made.directory);
  return [context, dockerfile];
}

/** The directory itself; relative ones count from the package's. */
export function frontendDirectory(step: Pick<BuildStep, "package">, { path }: DeferredDirectory): string {
  return resolve(step.package.directory, path);
}

/**
 * A frontend's build context as graph: under the frontend's own name for it there can be one directory in a build only.
 *
 * @param excludes - patterns of its ignore file
 */
export function frontendContext(
  step: BuildStep,
  directory: DeferredDirectory,
  excludes: readonly string[],
): Definition {
  const { context } = directoryLocals(step, directory);
  return localGraph(step, context, { name: `[internal] load ${directory.path}`, exclude: excludes });
}

/** The Dockerfile is served apart from the context, of which it may be no part. */
function directoryLocals(
  step: BuildStep,
  directory: DeferredDirectory,
): { readonly context: LocalSource; readonly dockerfile: LocalSource } {
  const root = { layers: [{ directory: frontendDirectory(step, directory), prefix: "" }] };
  const local = (kind: string) => ({ name: localName(kind, root), root, ignoreFiles: true });
  return { context: local("directory"), dockerfile: local("directory-dockerfile") };
}

function localNames(step: BuildStep, directory: DeferredDirectory | undefined): Readonly<Record<string, string>> {
  if (directory === undefined) return {};
  const { context, dockerfile } = directoryLocals(step, directory);
  return { contextkey: context.name, dockerfilekey: dockerfile.name };
}

/** Names and base64 of values, as Go writes a map of bytes. */
export function inputMetadata(config: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ [CONFIG_KEY]: Buffer.from(canonicalJson(config)).toString("base64") });
}
