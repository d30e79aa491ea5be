import type { Container } from "../engine/container/container.ts";
import type { ImageContainerOptions, ImageEntry } from "./image.ts";

/** Where an image's files come from. Paths are absolute and clean; symlinks are followed, the last one too. */
export interface ImageContent extends AsyncDisposable {
  /** Undefined if nothing is there. */
  stat(path: string): Promise<Omit<ImageEntry, "path"> | undefined>;
  /** Names, sorted; undefined if there is no directory. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** Undefined if there is no regular file. With a limit, at least the file's first so many bytes. */
  readFile(path: string, limitBytes?: number): Promise<Buffer | undefined>;
  /** @throws EngineError `ENGINE_FEATURE_MISSING` where programs cannot be run */
  openContainer(options: ImageContainerOptions): Promise<Container>;
}
