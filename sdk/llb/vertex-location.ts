import type { Digest } from "../core/digest.ts";
import type { SourceLocation } from "../core/errors.ts";
import { resolveSourcePath } from "../core/source-path.ts";
import type { Definition } from "./definition.ts";

/** Where an op was written, as the source map says. Names of files are relative to `sourceRoot`, if that is given. */
export function vertexLocation(
  { source }: Definition,
  digest: Digest,
  sourceRoot: string | undefined,
): SourceLocation | undefined {
  const [place] = source?.locations.get(digest) ?? [];
  const name = place === undefined ? undefined : source?.files[place.fileIndex]?.filename;
  if (name === undefined) return undefined;
  const file = sourceRoot === undefined ? name : resolveSourcePath(name, sourceRoot);
  const line = place?.ranges[0]?.start.line;
  return line === undefined ? { file } : { file, line };
}
