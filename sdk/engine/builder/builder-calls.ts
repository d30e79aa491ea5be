import { buffer } from "node:stream/consumers";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { callDocker, type DockerCall, dockerProblem, withDockerAnswer } from "../docker/docker-api.ts";
import { createStdioDecoder } from "../docker/stdio-frames.ts";
import { packBuilderFiles, unpackBuilderFiles } from "./builder-archive.ts";
import { BUILDER_CONFIG, BUILDER_SETTINGS, type BuilderFiles } from "./builder-config.ts";
import { BUILDER_STATE, type FoundBuilder, parseFoundBuilder } from "./builder-state.ts";

/** A container by name on a docker daemon. */
export interface BuilderPlace extends Abortable {
  readonly docker: Endpoint;
  readonly name: string;
}

/** What a container is made of. */
export interface BuilderParts {
  readonly image: string;
  readonly network: string | undefined;
  /** Undefined: what the image has. */
  readonly files: BuilderFiles | undefined;
}

const SOCKET = "unix:///run/buildkit/buildkitd.sock";
const LOG_LINES = 20;
/** As docker says that something is so already, or is gone. */
const GONE = [204, 304, 404];

/** The container, or undefined where there is none. @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_START_FAILED` */
export async function inspectBuilder(place: BuilderPlace): Promise<FoundBuilder | undefined> {
  const { docker, name, signal } = place;
  const answer = await callDocker(docker, { path: `/containers/${name}/json`, signal });
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw startFailed(name, "cannot be inspected", answer);
  return parseFoundBuilder(JSON.parse(answer.body));
}

/** The settings that lie in it, also if it does not run. @throws EngineError `ENGINE_UNREACHABLE` */
export async function readBuilderFiles({ docker, name, signal }: BuilderPlace): Promise<BuilderFiles> {
  const path = `/containers/${name}/archive?path=${BUILDER_SETTINGS}`;
  return await withDockerAnswer(docker, { path, signal }, async (response) =>
    response.statusCode === 200 ? await unpackBuilderFiles(response) : new Map(),
  );
}

/** The end of what it wrote, for people; of one that ended, up to its last word. Empty where docker does not tell. */
export async function readBuilderLog({ docker, name, signal }: BuilderPlace, ended: boolean): Promise<string> {
  const path = `/containers/${name}/logs?stdout=true&stderr=true&tail=${LOG_LINES}&follow=${ended}`;
  return await withDockerAnswer(docker, { path, signal }, async (response) => {
    if (response.statusCode !== 200) return "";
    const decode = createStdioDecoder();
    const slices = decode(await buffer(response));
    return Buffer.concat(slices.map(({ data }) => data))
      .toString()
      .trim();
  });
}

/** Makes it, with its settings. @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_START_FAILED` */
export async function createBuilder(place: BuilderPlace, { image, network, files }: BuilderParts): Promise<void> {
  const { name } = place;
  const mode = network ?? (await defaultNetwork(place));
  const json = {
    Image: image,
    Cmd: [
      ...["--allow-insecure-entitlement", "network.host", "--addr", SOCKET],
      ...(files ? ["--config", `${BUILDER_SETTINGS}/${BUILDER_CONFIG}`] : []),
    ],
    HostConfig: {
      Privileged: true,
      Mounts: [{ Type: "volume", Source: volumeName(name), Target: BUILDER_STATE }],
      ...(mode ? { NetworkMode: mode } : {}),
    },
  };
  await change(place, "cannot be created", { method: "POST", path: `/containers/create?name=${name}`, json }, [201]);
  if (files === undefined) return;
  const put = { method: "PUT", path: `/containers/${name}/archive?path=/`, tar: packBuilderFiles(files) } as const;
  await change(place, "does not take its settings", put, [200]);
}

/** Starts it. @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_START_FAILED` */
export async function startBuilder(place: BuilderPlace): Promise<void> {
  const path = `/containers/${place.name}/start`;
  await change(place, "cannot be started", { method: "POST", path }, [204, 304]);
}

/** Stops and removes it, and what it has built where that shall go, too. @throws EngineError as the others */
export async function removeBuilder(place: BuilderPlace, dropState: boolean): Promise<void> {
  const { docker, name, signal } = place;
  await change(place, "cannot be stopped", { method: "POST", path: `/containers/${name}/stop` }, GONE);
  await change(place, "cannot be removed", { method: "DELETE", path: `/containers/${name}?force=true` }, GONE);
  // A volume that somebody else uses stays: its content is only a cache.
  if (dropState) await callDocker(docker, { method: "DELETE", path: `/volumes/${volumeName(name)}`, signal });
}

/** Docker's own, but the machine's where docker has no bridge: a buildkitd without network is of no use. */
async function defaultNetwork({ docker, signal }: BuilderPlace): Promise<string | undefined> {
  const { status } = await callDocker(docker, { path: "/networks/bridge", signal });
  return status === 404 ? "host" : undefined;
}

async function change(
  { docker, name, signal }: BuilderPlace,
  what: string,
  call: DockerCall,
  accepted: readonly number[],
): Promise<void> {
  const answer = await callDocker(docker, { ...call, signal });
  if (!accepted.includes(answer.status)) throw startFailed(name, what, answer);
}

function startFailed(
  name: string,
  what: string,
  answer: { readonly status: number; readonly body: string },
): EngineError {
  const { status } = answer;
  return new EngineError("ENGINE_START_FAILED", `the container ${name} ${what}: ${dockerProblem(answer)}`, {
    hint: `Look at it with \`docker inspect ${name}\`; docker must allow privileged containers.`,
    // Somebody else is at it, or docker is not done with it yet.
    details: { container: name, status, busy: status === 409 || status === 404 },
  });
}

function volumeName(name: string): string {
  return `${name}-state`;
}
