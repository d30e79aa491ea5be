import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineChoice, engines, type FluentPackage, pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { afterAll, beforeAll, inject } from "vitest";
import { createRepository, type FileContent, type PackageRepository } from "./package-repository.ts";

/** Both ways into BuildKit. */
export const BOTH_ENGINES: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];

/** Packages of one repository, which the tests of a block share with their cache. */
export interface PackageBench {
  readonly org: string;
  readonly repository: PackageRepository;
  options(): { readonly cacheDirectory: string };
  /** For linux/amd64, on the block's engine. */
  open(path: string): FluentPackage;
  /** A file of the image, as text. */
  read(fluent: FluentPackage, path: string): Promise<string>;
}

/** Makes the bench of a block: `prepare` gives the repository's files, when the cache is there. */
export function usePackageBench(
  org: string,
  engine: EngineChoice,
  prepare: (cacheDirectory: string) => Promise<Readonly<Record<string, FileContent>>>,
): PackageBench {
  let cacheDirectory: string | undefined;
  let repository: PackageRepository | undefined;

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-packages-"));
    repository = await createRepository(await prepare(cacheDirectory));
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  const bench: PackageBench = {
    org,
    get repository() {
      if (repository === undefined) throw new Error("the repository is made before the first test");
      return repository;
    },
    options: () => ({ cacheDirectory: cacheDirectory ?? "" }),
    open: (path) => pkg(join(bench.repository.directory, path)).org(org).engines(engine).platforms("linux/amd64"),
    async read(fluent, path) {
      await using image = await openImage(fluent, "linux/amd64", bench.options());
      return Buffer.from(await image.readFile(path)).toString("utf8");
    },
  };
  return bench;
}
