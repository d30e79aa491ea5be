import type { CallHeaders } from "./service.ts";

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);

/**
 * The values of a repeated header. With `<name>-encoded` set, as it is when one of them is not ASCII, they are
 * query-escaped.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/session/filesync/filesync.go
 */
export function readListHeader(headers: CallHeaders, name: string): readonly string[] {
  const values = headers.getAll(name);
  return TRUE.has(headers.get(`${name}-encoded`) ?? "") ? values.map(unescapeQuery) : values;
}

/** Text that is not escaped as it should be counts as empty, as it does for Go's client. */
function unescapeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return "";
  }
}
