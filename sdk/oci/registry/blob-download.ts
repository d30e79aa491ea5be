import { type Abortable, delay } from "../../core/abort.ts";
import { RegistryError } from "../../core/errors.ts";
import { type ContentStream, type Expected, verifyContent } from "../model/content.ts";
import type { HttpAnswer } from "./http/http.ts";
import type { Repository, Transport } from "./transport.ts";

/** How often a download goes on without having got any further. */
const FRUITLESS_LIMIT = 4;
const PAUSE_MS = 250;

/**
 * Reads a blob; it fails at its end if it is not what the descriptor says. Where the connection breaks on the way, it goes
 * on from there.
 *
 * @throws RegistryError; ContentError `CONTENT_DIGEST_MISMATCH`, `CONTENT_SIZE_MISMATCH`
 */
export async function* openBlob(
  transport: Transport,
  repository: Repository,
  expected: Expected,
  options: Abortable,
): ContentStream {
  const content = readOn(transport, repository, expected, options);
  yield* verifyContent(content, expected, `${repository.registry}/${repository.repository}`);
}

async function* readOn(
  transport: Transport,
  repository: Repository,
  expected: Expected,
  { signal }: Abortable,
): ContentStream {
  let offset = 0;
  for (let fruitless = 0; ; fruitless += 1) {
    const answer = await startReading(transport, repository, expected, offset, signal);
    const before = offset;
    try {
      for await (const chunk of partFrom(answer, offset)) {
        offset += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (cause) {
      if (offset > before) fruitless = 0;
      if (!(cause instanceof RegistryError) || !cause.retryable || fruitless === FRUITLESS_LIMIT) throw cause;
    } finally {
      // A reader that wants no more leaves an answer that nobody ends.
      answer.abandon();
    }
    await delay(PAUSE_MS * 2 ** fruitless * (0.5 + Math.random()), signal);
  }
}

async function startReading(
  transport: Transport,
  repository: Repository,
  { digest }: Expected,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  return await transport.callAgain({
    repository,
    method: "GET",
    path: `blobs/${digest}`,
    access: "pull",
    action: `reading ${digest} of ${repository.repository}`,
    ...(offset === 0 ? {} : { headers: { range: `bytes=${offset}-` } }),
    accepts: offset === 0 ? [200] : [200, 206],
    signal,
  });
}

/** What comes after the offset: registries may give all of it again, or start elsewhere than they were asked to. */
async function* partFrom(answer: HttpAnswer, offset: number): ContentStream {
  let skipBytes = offset - startOf(answer);
  if (skipBytes < 0) throw new RegistryError("REGISTRY_PROTOCOL", `${answer.url.host} leaves out a part of a blob`);
  for await (const chunk of answer.body) {
    const skipped = Math.min(skipBytes, chunk.byteLength);
    skipBytes -= skipped;
    if (skipped < chunk.byteLength) yield chunk.subarray(skipped);
  }
}

function startOf({ status, headers, url }: HttpAnswer): number {
  if (status === 200) return 0;
  const start = /^bytes (\d{1,15})-/.exec(headers["content-range"] ?? "")?.[1];
  if (start !== undefined) return Number(start);
  throw new RegistryError("REGISTRY_PROTOCOL", `${url.host} gives a part of a blob without saying which`);
}
