const PREFIX = "http://buildkit-session/";

/**
 * The address under which an engine finds what a session uploads.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/source/http/source.go
 */
export function uploadUrl(id: string): string {
  return `${PREFIX}${id}`;
}
