import { ContentError } from "../core/errors.ts";
import { callDocker } from "../engine/docker/docker-api.ts";
import type { Endpoint } from "../wire/endpoint.ts";

/**
 * Streams a docker-load archive into a docker daemon's image store.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`; ContentError `CONTENT_COPY_FAILED` with what the daemon says
 * @source https://github.com/moby/moby/blob/v28.5.2/api/swagger.yaml
 */
export async function loadIntoDocker(
  endpoint: Endpoint,
  archive: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<void> {
  const answer = await callDocker(endpoint, { method: "POST", path: "/images/load?quiet=1", tar: archive, signal });
  const problem = answer.status === 200 ? streamedError(answer.body) : answer.body;
  if (problem === undefined) return;
  throw new ContentError("CONTENT_COPY_FAILED", `docker does not take the image: ${problem.trim().slice(0, 500)}`, {
    details: { status: answer.status, side: "target" },
  });
}

/** The daemon answers 200 before it has read the archive; what goes wrong later stands in the stream. */
function streamedError(body: string): string | undefined {
  const lines = body.split("\n").filter((line) => line.includes('"error"'));
  return lines.length > 0 ? lines.join(" ") : undefined;
}
