import type { Abortable } from "../../core/abort.ts";
import { RegistryError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { readSmallAnswer } from "./answer-content.ts";
import type { HttpAnswer } from "./http.ts";
import { nextPage } from "./next-page.ts";
import { withRetry } from "./retry.ts";
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
    const call = { repository, method: "GET", path, access: "pull", action, accepts: [200], signal } as const;
    const [answer, some]: readonly [HttpAnswer, readonly string[]] = await withRetry(
      async () => {
        const given = await transport.call(call);
        return [given, await readPage(given, repository)];
      },
      { signal },
    );
    tags.push(...some);
    path = nextPage(answer);
  }
  return Object.freeze(tags);
}

async function readPage(answer: HttpAnswer, repository: Repository): Promise<readonly string[]> {
  const what = `the list of tags of ${repository.registry}/${repository.repository}`;
  const body = parseJson(new TextDecoder().decode(await readSmallAnswer(answer, PAGE_LIMIT_BYTES, what)));
  const tags = isRecord(body) ? (body.tags ?? []) : undefined;
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) {
    throw invalid(repository, "gives a list of tags that is not one");
  }
  return tags;
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
