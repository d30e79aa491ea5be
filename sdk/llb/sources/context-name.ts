/**
 * The name by which the dockerfile frontend looks for a named context: short, without the tag `latest`. Undefined for
 * what cannot name one.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/frontend/dockerui/namedcontext.go
 */
export function normalizeContextName(name: string): string | undefined {
  const short = name.replace(/^docker\.io\/(?:library\/)?/, "").replace(/:latest$/, "");
  return /^[a-z0-9][a-z0-9._/:@-]*$/.test(short) ? short : undefined;
}
