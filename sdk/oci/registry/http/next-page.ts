import type { HttpAnswer } from "./http.ts";

/** Where a list goes on. The next page stays with the registry: an address elsewhere would be one that we did not choose. */
export function nextPage(answer: HttpAnswer): URL | undefined {
  const { link } = answer.headers;
  const target = typeof link === "string" ? /<([^>]+)>\s*;\s*rel="?next"?/.exec(link)?.[1] : undefined;
  if (target === undefined || !URL.canParse(target, answer.url.href)) return undefined;
  const url = new URL(target, answer.url);
  return url.origin === answer.url.origin ? url : undefined;
}
