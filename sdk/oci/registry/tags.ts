import type { Abortable } from "../../core/abort.ts";
import { RegistryError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { concatBytes } from "../model/content.ts";
import type { HttpAnswer } from "./http.ts";
import type { Repository, Transport } from "./transport.ts";

const PAGE_LIMIT_BYTES = 4 * 1024 * 1024;
const PAGES_LIMIT = 1000;

/** All tags of a repository, in the registry's order. @throws RegistryError */
export async function listTags(
  transport: Transport,
  repository: Repository,
  { signal }: Abortable,
): Promise<readonly string[]> {
  const tags: string[] = [];
  let path: string | URL | undefined = "tags/list";
  for (let page = 0; path !== undefined; page += 1) {
    if (page === PAGES_LIMIT) throw invalid(repository, "gives pages of tags without end");
    const action = `listing the tags of ${repository.registry}/${repository.repository}`;
    const answer: HttpAnswer = await transport.callAgain({
      repository,
      method: "GET",
      path,
      access: "pull",
      action,
      accepts: [200],
      signal,
    });
    tags.push(...(await readPage(answer, repository)));
    path = nextPage(answer);
  }
  return Object.freeze(tags);
}

async function readPage(answer: HttpAnswer, repository: Repository): Promise<readonly string[]> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer.body) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > PAGE_LIMIT_BYTES) throw invalid(repository, "gives a list of tags that is too long");
    chunks.push(chunk);
  }
  const body = parseJson(new TextDecoder().decode(concatBytes(chunks)));
  const tags = isRecord(body) ? (body.tags ?? []) : undefined;
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) {
    throw invalid(repository, "gives a list of tags that is not one");
  }
  return tags;
}

/** The next page stays with the registry: an address elsewhere would be one that we did not choose. */
function nextPage(answer: HttpAnswer): URL | undefined {
  const { link } = answer.headers;
  const target = typeof link === "string" ? /<([^>]+)>\s*;\s*rel="?next"?/.exec(link)?.[1] : undefined;
  if (target === undefined || !URL.canParse(target, answer.url.href)) return undefined;
  const url = new URL(target, answer.url);
  return url.origin === answer.url.origin ? url : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function invalid(repository: Repository, problem: string): RegistryError {
  return new RegistryError("REGISTRY_PROTOCOL", `${repository.registry}/${repository.repository} ${problem}`);
}
