import type { Abortable } from "../../core/abort.ts";
import { RegistryError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import { readSmallAnswer } from "./http/answer-content.ts";
import type { HttpAnswer } from "./http/http.ts";
import { nextPage } from "./http/next-page.ts";
import { withRetry } from "./http/retry.ts";
import type { Repository, Transport } from "./transport.ts";

const FIRST_PAGE = "tags/list";
const PAGE_LIMIT_BYTES = 4 * 1024 * 1024;
const PAGES_LIMIT = 1000;

/** All tags of a repository, in the registry's order. @throws RegistryError */
export async function listTags(
  transport: Transport,
  repository: Repository,
  { signal }: Abortable,
): Promise<readonly string[]> {
  const tags: string[] = [];
  let path: string | URL | undefined = FIRST_PAGE;
  for (let count = 0; path !== undefined; count += 1) {
    if (count === PAGES_LIMIT) throw invalid(repository, "gives pages of tags without end");
    const page: TagsPage = await fetchPage(transport, repository, path, signal);
    tags.push(...page.tags);
    path = page.next;
  }
  return Object.freeze(tags);
}

/** All tags of a repository, where the registry tells them in one answer; undefined where it does not, or refuses to. */
export async function listFewTags(
  transport: Transport,
  repository: Repository,
  { signal }: Abortable,
): Promise<ReadonlySet<string> | undefined> {
  try {
    const { tags, next } = await fetchPage(transport, repository, FIRST_PAGE, signal);
    return next === undefined ? new Set(tags) : undefined;
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return undefined;
  }
}

interface TagsPage {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

async function fetchPage(
  transport: Transport,
  repository: Repository,
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<TagsPage> {
  const action = `listing the tags of ${repository.registry}/${repository.repository}`;
  const call = { repository, method: "GET", path, access: "pull", action, accepts: [200], signal } as const;
  return await withRetry(
    async () => {
      const answer = await transport.call(call);
      return { tags: await readPage(answer, repository), next: nextPage(answer) };
    },
    { signal },
  );
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
