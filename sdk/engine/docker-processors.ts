import { request } from "node:http";
import type { Abortable } from "../core/abort.ts";
import { isRecord } from "../core/json.ts";
import { dialEndpoint, type Endpoint } from "../wire/endpoint.ts";

const ANSWER_LIMIT_BYTES = 1 << 20;
const TIMEOUT_MS = 2000;

/**
 * How many processors a docker daemon's machine has; undefined where it does not say so. BuildKit itself has no such answer.
 *
 * @source https://github.com/moby/moby/blob/v28.5.2/api/swagger.yaml
 */
export async function readDockerProcessors(
  endpoint: Endpoint,
  { signal }: Abortable = {},
): Promise<number | undefined> {
  const bound = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const answer: unknown = JSON.parse(await get(endpoint, signal ? AbortSignal.any([signal, bound]) : bound));
    const processors = isRecord(answer) ? answer.NCPU : undefined;
    return typeof processors === "number" && processors > 0 ? processors : undefined;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}

async function get(endpoint: Endpoint, signal: AbortSignal): Promise<string> {
  const socket = await dialEndpoint(endpoint, { signal });
  try {
    return await new Promise((resolve, reject) => {
      const call = request({ createConnection: () => socket, host: "docker", path: "/info", signal }, (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          body += chunk;
          if (body.length > ANSWER_LIMIT_BYTES) response.destroy();
        });
        response.on("end", () => resolve(body));
        response.on("error", reject);
      });
      call.on("error", reject);
      call.end();
    });
  } finally {
    socket.destroy();
  }
}
