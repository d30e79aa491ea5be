import type { Socket } from "node:net";
import { type Abortable, raceAbort } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { dialEndpoint } from "../../wire/endpoint.ts";
import { upgradeSocket } from "../../wire/upgrade.ts";
import type { ContainerEndpoint } from "./container-address.ts";
import { ContainerSocket } from "./container-socket.ts";
import { callDocker, dockerProblem } from "./docker-api.ts";

const BRIDGE = ["buildctl", "dial-stdio"];

/**
 * A connection to the buildkitd in a container: `buildctl dial-stdio` is run in it, as buildctl itself does by the docker CLI.
 *
 * @throws EngineError `ENGINE_UNREACHABLE` for a container that is not there or does not run, and for docker itself
 */
export async function dialContainer(container: ContainerEndpoint, { signal }: Abortable = {}): Promise<Socket> {
  return await enterContainer(container, await dialEndpoint(container.docker, { signal }), { signal });
}

/** The same over a connection to docker, which is taken over. */
export async function enterContainer(
  container: ContainerEndpoint,
  socket: Socket,
  { signal }: Abortable = {},
): Promise<Socket> {
  try {
    const id = await prepareBridge(container, { signal });
    const upgraded = upgradeSocket(socket, {
      path: `/exec/${id}/start`,
      protocol: "tcp",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ Detach: false, Tty: false }),
    });
    return new ContainerSocket(await raceAbort(upgraded, signal));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function prepareBridge({ docker, name }: ContainerEndpoint, { signal }: Abortable): Promise<string> {
  const answer = await callDocker(docker, {
    method: "POST",
    path: `/containers/${name}/exec`,
    json: { AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: false, Cmd: BRIDGE },
    signal,
  });
  const created: unknown = answer.status === 201 ? JSON.parse(answer.body) : undefined;
  if (isRecord(created) && typeof created.Id === "string") return created.Id;
  throw new EngineError("ENGINE_UNREACHABLE", `the container ${name} cannot be entered: ${dockerProblem(answer)}`, {
    hint: "Start it with `docker start`, or have kitsmith see to it with engines.container().",
    details: { container: name, status: answer.status },
    retryable: true,
  });
}
