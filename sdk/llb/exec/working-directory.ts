import { joinPath } from "../path.ts";
import type { Directory } from "../settings.ts";

/** The absolute working directory, given that of the base image ("" where it has none or is not resolved). */
export function resolveDirectory(directory: Directory, imageDirectory: string): string {
  if (directory.path.startsWith("/")) return directory.path;
  if (directory.path === "") return imageDirectory.startsWith("/") ? imageDirectory : joinPath("/", imageDirectory);
  return joinPath("/", imageDirectory, directory.path);
}
