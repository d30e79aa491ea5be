import { request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ContentError, EngineError } from "../core/errors.ts";
import { dialEndpoint, type Endpoint } from "../wire/endpoint.ts";

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
  const answer = await send(endpoint, archive, signal);
  const problem = answer.status === 200 ? streamedError(answer.body) : answer.body;
  if (problem === undefined) return;
  throw new ContentError("CONTENT_COPY_FAILED", `docker does not take the image: ${problem.trim().slice(0, 500)}`, {
    details: { status: answer.status, side: "target" },
  });
}

async function send(
  endpoint: Endpoint,
  archive: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const socket = await dialEndpoint(endpoint, { signal });
    return await new Promise((resolve, reject) => {
      const call = request(
        {
          createConnection: () => socket,
          host: "docker",
          method: "POST",
          path: "/images/load?quiet=1",
          headers: { "content-type": "application/x-tar" },
          ...(signal ? { signal } : {}),
        },
        (response) => {
          let body = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            if (body.length < 65_536) body += chunk;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
          response.on("error", reject);
        },
      );
      call.on("error", reject);
      pipeline(Readable.from(archive), call).catch(reject);
    });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ContentError) throw cause;
    throw new EngineError("ENGINE_UNREACHABLE", "the docker daemon broke the connection while an image was loaded", {
      cause,
      hint: "Check that the daemon runs and that this user may use its socket.",
    });
  }
}

/** The daemon answers 200 before it has read the archive; what goes wrong later stands in the stream. */
function streamedError(body: string): string | undefined {
  const lines = body.split("\n").filter((line) => line.includes('"error"'));
  return lines.length > 0 ? lines.join(" ") : undefined;
}
