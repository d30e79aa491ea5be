/** What a registry wants, out of a `WWW-Authenticate` header. */
export type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service: string | undefined };

const SCHEME = /(?:^|,)\s*(basic|bearer)\s+/gi;
const PARAMETER = /([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/**
 * Reads the challenge; undefined where there is none that we can answer. Bearer is preferred.
 *
 * @source https://github.com/distribution/distribution/blob/v3.0.0/docs/content/spec/auth/token.md
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined) return undefined;
  const starts = [...header.matchAll(SCHEME)];
  const challenges = starts.map((start, index) => ({
    scheme: (start[1] ?? "").toLowerCase(),
    parameters: parseParameters(header.slice(start.index + start[0].length, starts[index + 1]?.index)),
  }));
  const bearer = challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm"));
  if (bearer !== undefined) {
    return {
      scheme: "bearer",
      realm: bearer.parameters.get("realm") ?? "",
      service: bearer.parameters.get("service"),
    };
  }
  const wantsBasic = challenges.some(({ scheme }) => scheme === "basic") || /^basic$/i.test(header.trim());
  return wantsBasic ? { scheme: "basic" } : undefined;
}

function parseParameters(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(PARAMETER)].map(([, name = "", quoted, bare]) => [
      name.toLowerCase(),
      quoted === undefined ? (bare ?? "") : quoted.replace(/\\(.)/g, "$1"),
    ]),
  );
}
