import { type Abortable, anySignal, delay } from "../../core/abort.ts";
import { EngineError, InputError } from "../../core/errors.ts";
import { connectEngine } from "../connect-engine.ts";
import { resolveDocker } from "../discovery/docker-endpoint.ts";
import { type ContainerAddress, formatContainerAddress, isContainerName } from "../docker/container-address.ts";
import type { Engine } from "../engine.ts";
import { type BuilderPlace, inspectBuilder, readBuilderLog } from "./builder-calls.ts";
import { type BuilderOptions, ensureBuilder } from "./builder-container.ts";

/** The containers that a run has seen to: what restarts them does so once. */
export type EnsuredBuilders = Map<string, Promise<void>>;

/** Which container, and how it is seen to. */
export interface BuilderEngineOptions extends BuilderOptions {
  /** The docker context or host; with neither, the docker that its CLI would use. */
  readonly docker: Pick<ContainerAddress, "context" | "host">;
  readonly ensured: EnsuredBuilders;
}

const READY_LIMIT_MS = 30_000;
const LOG_LIMIT_MS = 5000;
const POLL_MS = 200;

/**
 * Sees to a container with a buildkitd, and connects to it when it answers, at most after half a minute.
 *
 * @throws EngineError as {@link ensureBuilder}, and `ENGINE_NOT_FOUND`, `ENGINE_TOO_OLD`
 * @throws InputError `INPUT_OPTION_INVALID`, `INPUT_SOURCE_MISSING`
 */
export async function openBuilderEngine(options: BuilderEngineOptions): Promise<Engine> {
  const { name, signal } = options;
  if (!isContainerName(name)) throw invalidName(name);
  const address = formatContainerAddress({ name, ...options.docker });
  const docker = await resolveDocker(process.env, options.docker, "engines.container()");
  await ensureOnce({ docker, name, signal }, options);
  return await connectWhenReady(address, { docker, name, signal }, options);
}

async function ensureOnce({ docker }: BuilderPlace, options: BuilderEngineOptions): Promise<void> {
  const key = `${options.name} ${docker.kind === "unix" ? docker.path : `${docker.host}:${docker.port}`}`;
  const before = options.ensured.get(key);
  // Later calls are after a connection was lost, or for another platform: the run's own builds may be in there.
  const turn = before
    ? before.then(() => ensureBuilder(docker, { ...options, restart: false }))
    : ensureBuilder(docker, options);
  options.ensured.set(key, turn);
  await turn;
}

async function connectWhenReady(address: string, place: BuilderPlace, { signal }: Abortable): Promise<Engine> {
  const startedAtMs = performance.now();
  for (;;) {
    try {
      return await connectEngine(address, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof EngineError && error.code === "ENGINE_UNREACHABLE")) throw error;
      const runs = (await inspectBuilder(place))?.running === true;
      if (!runs || performance.now() - startedAtMs > READY_LIMIT_MS) throw await notReady(place, runs, error);
    }
    await delay(POLL_MS, signal);
  }
}

async function notReady(place: BuilderPlace, runs: boolean, cause: EngineError): Promise<EngineError> {
  const { name } = place;
  const bound = AbortSignal.timeout(LOG_LIMIT_MS);
  const log = await readBuilderLog({ ...place, signal: anySignal(place.signal, bound) }, !runs).catch(() => "");
  place.signal?.throwIfAborted();
  const what = `buildkitd in the container ${name} ${runs ? "does not answer" : "ended"}`;
  return new EngineError("ENGINE_START_FAILED", log === "" ? what : `${what}:\n${log}`, {
    cause,
    hint: `\`docker logs ${name}\` shows all that it wrote.`,
    details: { container: name },
  });
}

function invalidName(name: string): InputError {
  return new InputError("INPUT_OPTION_INVALID", `"${name}" is no name of a container`, {
    hint: "Letters, digits, dots, dashes and underscores; the first is a letter or a digit.",
  });
}
