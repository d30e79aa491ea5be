import { type Abortable, anySignal } from "../../core/abort.ts";
import { isRecord } from "../../core/json.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { callDocker } from "./docker-api.ts";

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
    const { body } = await callDocker(endpoint, {
      path: "/info",
      signal: anySignal(signal, bound),
    });
    const answer: unknown = JSON.parse(body);
    const processors = isRecord(answer) ? answer.NCPU : undefined;
    return typeof processors === "number" && processors > 0 ? processors : undefined;
  } catch {
    signal?.throwIfAborted();
    return undefined;
  }
}
