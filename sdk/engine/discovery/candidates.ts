import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { EngineError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import type { TlsOptions } from "../../wire/endpoint.ts";
import { findBuilderContext, platformContextName } from "./builders.ts";
import {
  type DockerEndpoint,
  dockerHostEndpoint,
  type Environment,
  readCurrentContext,
  readDockerContext,
  readDockerHost,
} from "./docker-context.ts";

/** An engine that may be there. */
export interface EngineCandidate {
  /** What named it: `BUILDKIT_HOST`, `docker context spare`… */
  readonly origin: string;
  readonly kind: "buildkit" | "docker";
  readonly address: string;
  readonly tls?: TlsOptions;
  /** True if somebody asked for this very one: no other is taken in its place. */
  readonly named: boolean;
}

/** A place where an engine may be, and either what is there or why nothing is. */
export type Finding = EngineCandidate | { readonly origin: string; readonly absent: string };

/** Yields places in order of preference; each is looked at when it is its turn. */
export async function* findCandidates(env: Environment, platform: Platform): AsyncGenerator<Finding, void, undefined> {
  yield await fromBuilders(env, platform);
  yield await fromPlatformContext(env, platform);
  yield env.BUILDKIT_HOST
    ? { origin: "BUILDKIT_HOST", kind: "buildkit", address: env.BUILDKIT_HOST, named: true }
    : { origin: "BUILDKIT_HOST", absent: "not set" };
  yield* fromDocker(env);
  for (const path of buildkitSockets(env)) yield await fromSocket("buildkit", path, "buildkitd's usual socket");
}

/**
 * The daemon of a docker context.
 *
 * @throws EngineError ENGINE_NOT_FOUND if there is no such context.
 */
export async function contextCandidate(env: Environment, name: string, origin: string): Promise<EngineCandidate> {
  const endpoint = name === "default" ? await defaultEndpoint(env) : await readDockerContext(env, name);
  if (endpoint !== undefined) return candidateOf(endpoint, origin, true);
  throw new EngineError("ENGINE_NOT_FOUND", `${origin} names the docker context "${name}", and there is none`, {
    hint: "List the contexts with `docker context ls`, or make it with `docker context create`.",
    details: { context: name, tried: [{ origin, reason: `no docker context "${name}"` }] },
  });
}

/** The daemon at a docker host's address. */
export async function hostCandidate(env: Environment, host: string, origin: string): Promise<EngineCandidate> {
  return candidateOf(await dockerHostEndpoint(env, host), origin, true);
}

/**
 * The daemon that the docker CLI would use: DOCKER_HOST, DOCKER_CONTEXT, the context in use, else a usual socket.
 *
 * @throws EngineError ENGINE_NOT_FOUND if DOCKER_CONTEXT names none.
 */
export async function dockerCandidate(env: Environment): Promise<Finding> {
  let last: Finding | undefined;
  for await (const finding of fromDocker(env)) {
    if (!("absent" in finding)) return finding;
    last ??= finding;
  }
  return last ?? { origin: "docker", absent: "there is none" };
}

async function* fromDocker(env: Environment): AsyncGenerator<Finding, void, undefined> {
  const host = await readDockerHost(env);
  if (host !== undefined) yield candidateOf(host, "DOCKER_HOST", true);
  else if (env.DOCKER_CONTEXT) yield await contextCandidate(env, env.DOCKER_CONTEXT, "DOCKER_CONTEXT");
  else yield* fromCurrentContext(env);
  for (const path of dockerSockets(env)) yield await fromSocket("docker", path, "docker's usual socket");
}

async function* fromCurrentContext(env: Environment): AsyncGenerator<Finding, void, undefined> {
  const current = await readCurrentContext(env);
  if (current === undefined) return;
  const origin = `docker context ${current}`;
  const endpoint = await readDockerContext(env, current);
  yield endpoint === undefined ? { origin, absent: "there is no such context" } : candidateOf(endpoint, origin, false);
}

async function fromBuilders(env: Environment, platform: Platform): Promise<Finding> {
  const origin = "LINUXKIT_BUILDERS";
  if (!env.LINUXKIT_BUILDERS) return { origin, absent: "not set" };
  const context = findBuilderContext(env.LINUXKIT_BUILDERS, platform);
  return context === undefined
    ? { origin, absent: "names no builder for this platform" }
    : await contextCandidate(env, context, origin);
}

async function fromPlatformContext(env: Environment, platform: Platform): Promise<Finding> {
  const name = platformContextName(platform);
  const origin = `docker context ${name}`;
  const endpoint = await readDockerContext(env, name);
  return endpoint === undefined ? { origin, absent: "there is no such context" } : candidateOf(endpoint, origin, false);
}

async function fromSocket(kind: EngineCandidate["kind"], path: string, what: string): Promise<Finding> {
  const origin = `${what} ${path}`;
  try {
    await access(path, constants.F_OK);
  } catch {
    return { origin, absent: "there is no such socket" };
  }
  return { origin, kind, address: `unix://${path}`, named: false };
}

async function defaultEndpoint(env: Environment): Promise<DockerEndpoint> {
  return (await readDockerHost(env)) ?? { host: "unix:///var/run/docker.sock" };
}

function candidateOf({ host, tls }: DockerEndpoint, origin: string, named: boolean): EngineCandidate {
  return { origin, kind: "docker", address: host, named, ...(tls === undefined ? {} : { tls }) };
}

function dockerSockets(env: Environment): readonly string[] {
  const runtime = env.XDG_RUNTIME_DIR;
  return [
    "/var/run/docker.sock",
    ...(runtime ? [join(runtime, "docker.sock")] : []),
    join(env.HOME || homedir(), ".docker/run/docker.sock"),
  ];
}

function buildkitSockets(env: Environment): readonly string[] {
  const runtime = env.XDG_RUNTIME_DIR;
  return ["/run/buildkit/buildkitd.sock", ...(runtime ? [join(runtime, "buildkit/buildkitd.sock")] : [])];
}
