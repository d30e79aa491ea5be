import { posix } from "node:path";
import { formatPlatform } from "../core/platform.ts";
import type { Definition } from "../llb/index.ts";
import type { DockerfileSource } from "../pkg/package.ts";
import type { RemoteContext } from "../pkg/remote-context.ts";
import { engineAttestOptions } from "./attestation.ts";
import type { BuildStep } from "./build-step.ts";
import type { ContextInputs } from "./context-states.ts";
import { dockerfileAttributes } from "./dockerfile-attributes.ts";
import { localGraph } from "./local-graph.ts";
import { localName, packageRoot } from "./local-name.ts";
import type { LocalSource, SolveRequest } from "./solve-request.ts";

const CONTEXTS_CAPABILITY = "moby.buildkit.frontend.contexts+forward";

/**
 * The request that builds a Dockerfile package: the daemon's own dockerfile frontend over two served directories, or over
 * one that it is handed as a graph.
 */
export function lowerDockerfile(
  step: BuildStep,
  source: DockerfileSource,
  states: ContextInputs = { options: {}, inputs: {} },
): SolveRequest {
  const root = packageRoot(step.package);
  const ownDirectory = { layers: root.layers.slice(0, 1) };
  const context: LocalSource = { name: localName("context", root), root, ignoreFiles: source.ignoreFiles };
  const dockerfile: LocalSource = {
    name: localName("dockerfile", ownDirectory),
    root: ownDirectory,
    ignoreFiles: source.ignoreFiles,
  };
  const inOnePiece = step.isSmallContext && isOneDirectory(step, source);
  const inputs = { ...states.inputs, ...(inOnePiece ? wholeContext(step, context) : {}) };
  const keys = inOnePiece ? {} : { contextkey: context.name, dockerfilekey: dockerfile.name };
  return {
    title: step.title,
    platform: step.platform,
    input: {
      kind: "frontend",
      frontend: source.frontend ? "gateway.v0" : "dockerfile.v0",
      options: { ...frontendOptions(step, source, keys), ...states.options },
      ...(Object.keys(inputs).length === 0 ? {} : { inputs }),
    },
    locals: [...(source.remote ? [] : [context, dockerfile]), ...contextLocals(source)],
    sharedKey: context.name,
    attest: engineAttestOptions(step),
    entitlements: entitlements(step, source),
  };
}

/**
 * True if the frontend reads a directory of this machine, and all of it belongs to the package whatever the Dockerfile
 * copies, as LinuxKit has it.
 */
export function mayGoWhole({ ignoreFiles, frontend, remote, options }: DockerfileSource): boolean {
  return !ignoreFiles && !frontend && !remote && options?.syntax === undefined;
}

/** True if the package's directory is all that is read. Provenance would tell such a context as the output of another build. */
function isOneDirectory(step: BuildStep, source: DockerfileSource): boolean {
  if (!mayGoWhole(source) || step.package.extraSources.length > 0) return false;
  return Object.keys(engineAttestOptions(step)).length === 0;
}

/** The Dockerfile is read from the context, too: one transfer in place of three. */
function wholeContext(step: BuildStep, local: LocalSource): Readonly<Record<string, Definition>> {
  const context = localGraph(step, local, { name: "[internal] load build context" });
  return { context, dockerfile: context };
}

function frontendOptions(
  step: BuildStep,
  source: DockerfileSource,
  localKeys: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const prefixed = (prefix: string, values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [`${prefix}${key}`, value]));
  return Object.freeze({
    platform: formatPlatform(step.platform),
    filename: source.dockerfile,
    ...(source.remote ? remoteAttributes(source.remote, source.dockerfile) : localKeys),
    "force-network-mode": step.package.network ? step.sandboxNetwork : "none",
    ...(source.target === undefined ? {} : { target: source.target }),
    ...prefixed("build-arg:", step.buildArgs),
    ...prefixed("label:", step.labels),
    // The frontend knows the stages and the context, which a scanner may look at, too.
    ...engineAttestOptions(step),
    ...prefixed("context:", contextAddresses(source)),
    // A frontend of another image that is too old for contexts then says so.
    ...(Object.keys(source.contexts ?? {}).length === 0 ? {} : { "frontend.caps": CONTEXTS_CAPABILITY }),
    ...dockerfileAttributes(source.options ?? {}),
    ...(step.package.disableCache ? { "no-cache": "" } : {}),
    ...revisionAttributes(step),
    ...frontendAttributes(source),
  });
}

/**
 * Of a git repository the directory stands in its address. Of an archive the frontend takes the Dockerfile's name from the
 * root; here it is the directory's own in both.
 */
function remoteAttributes({ kind, url, subdirectory }: RemoteContext, dockerfile: string) {
  if (kind === "git" || subdirectory === "") return { context: url };
  return { context: url, contextsubdir: subdirectory, filename: posix.join(subdirectory, dockerfile) };
}

/** For provenance. */
function revisionAttributes({ labels }: BuildStep): Readonly<Record<string, string>> {
  const source = labels["org.opencontainers.image.source"];
  const revision = labels["org.opencontainers.image.revision"];
  return {
    ...(source === undefined ? {} : { "vcs:source": source }),
    ...(revision === undefined ? {} : { "vcs:revision": revision }),
  };
}

/** The daemon runs the image, which gets all the other options, too. */
function frontendAttributes({ frontend }: DockerfileSource): Readonly<Record<string, string>> {
  return frontend ? { ...frontend.options, source: frontend.image, cmdline: frontend.image } : {};
}

function entitlements(step: BuildStep, { options = {} }: DockerfileSource): SolveRequest["entitlements"] {
  const network = options.network ?? (step.package.network ? step.sandboxNetwork : "none");
  return [...new Set([...(network === "host" ? (["network.host"] as const) : []), ...(options.allow ?? [])])];
}

function contextAddresses({ contexts = {} }: DockerfileSource): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(contexts).flatMap(([name, context]) => {
      if (context.kind === "url") return [[name, context.url]];
      return context.kind === "recipe" ? [] : [[name, `local:${contextLocal(name, context.directory).name}`]];
    }),
  );
}

function contextLocals({ contexts = {} }: DockerfileSource): readonly LocalSource[] {
  return Object.entries(contexts).flatMap(([name, context]) =>
    context.kind === "directory" ? [contextLocal(name, context.directory)] : [],
  );
}

/** Its ignore file counts: there is nothing like it with LinuxKit. */
function contextLocal(name: string, directory: string): LocalSource {
  const root = { layers: [{ directory, prefix: "" }] };
  return { name: localName(`named-${name.replaceAll(/[^a-z0-9]+/g, "-")}`, root), root, ignoreFiles: true };
}
