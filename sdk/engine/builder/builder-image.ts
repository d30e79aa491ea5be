import { createInterface } from "node:readline";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { callDocker, dockerProblem, quotedField, withDockerAnswer } from "../docker/docker-api.ts";
import { BUILDKIT_RELEASE } from "../lifecycle/release-pins.ts";

/** What a container is made of where nobody names an image. */
export const BUILDER_IMAGE: string = `docker.io/moby/buildkit:${BUILDKIT_RELEASE.version}`;

/** How an image is come by. */
export interface BuilderImageOptions extends Abortable {
  /** What `X-Registry-Auth` shall be for an image; undefined for nobody. */
  readonly registryAuth?: ((image: string, options: Abortable) => Promise<string | undefined>) | undefined;
  readonly onProgress?: ((line: string) => void) | undefined;
}

/**
 * Sees to it that docker has an image.
 *
 * @throws EngineError `ENGINE_IMAGE_UNAVAILABLE`, `ENGINE_UNREACHABLE`
 */
export async function ensureBuilderImage(docker: Endpoint, image: string, options: BuilderImageOptions): Promise<void> {
  const { signal, registryAuth, onProgress } = options;
  const known = await callDocker(docker, { path: `/images/${encodeURI(image)}/json`, signal });
  if (known.status === 200) return;
  if (known.status !== 404) throw unavailable(image, dockerProblem(known));
  onProgress?.(`Pulling ${image}`);
  const auth = await registryAuth?.(image, { signal });
  const problem = await pull(docker, image, auth, options);
  if (problem !== undefined) throw unavailable(image, problem);
}

async function pull(
  docker: Endpoint,
  image: string,
  auth: string | undefined,
  { signal }: Abortable,
): Promise<string | undefined> {
  const [, name = image, tag] = /^([^@]+?)(?::([^:/@]+))?$/.exec(image) ?? [];
  const query = new URLSearchParams(
    image.includes("@") ? { fromImage: image } : { fromImage: name, tag: tag ?? "latest" },
  );
  const call = {
    method: "POST",
    path: `/images/create?${query}`,
    signal,
    ...(auth === undefined ? {} : { headers: { "x-registry-auth": auth } }),
  } as const;
  return await withDockerAnswer(docker, call, async (response) => {
    let problem: string | undefined;
    const status = response.statusCode ?? 0;
    // It answers before it pulls; what goes wrong stands at the end.
    for await (const line of createInterface({ input: response })) {
      if (status !== 200 || line.includes('"error"')) {
        problem ??= quotedField(line, "error") ?? dockerProblem({ status, body: line });
      }
    }
    return problem ?? (status === 200 ? undefined : `status ${status}`);
  });
}

function unavailable(image: string, problem: string): EngineError {
  return new EngineError("ENGINE_IMAGE_UNAVAILABLE", `docker does not get ${image}: ${problem}`, {
    hint: "Check the image's name and `docker login`, load it with `docker load`, or name another image.",
    details: { image },
  });
}
