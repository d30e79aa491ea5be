import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type FluentPackage, pkg } from "kitsmith";
import { afterEach, beforeEach, expect, inject } from "vitest";
import { createRepository, type FileContent, type PackageRepository } from "./package-repository.ts";
import {
  cacheNames,
  createScratch,
  expectUnlocked,
  type ScratchDirectory,
  tagsOf,
  unfinishedFiles,
} from "./run-fixture.ts";

/** What each test of a file has for itself: a directory, a cache in it, an organisation, a repository. */
export interface RunBench {
  /** Gone after the test. */
  readonly directory: string;
  readonly cacheDirectory: string;
  /** The path of the organisation in a registry; no other test uses it. */
  readonly org: string;
  readonly repository: PackageRepository;
  /** The cache, as options of verbs. */
  options(): { readonly cacheDirectory: string };
  /** Makes the test's repository. */
  create(files: Readonly<Record<string, FileContent>>): Promise<PackageRepository>;
  /** Makes the test's repository and opens its package `p`, for the shared registry and the shared buildkitd. */
  open(files: Readonly<Record<string, FileContent>>, registry?: string): Promise<FluentPackage>;
  /** No name was set anywhere, nothing half-made was left, and nobody holds the cache's lock. */
  expectNothingPublished(): Promise<void>;
}

/** Prepares a bench before each test of the file, and clears it away afterwards. */
export function useRunBench(name: string): RunBench {
  const registry = inject("registryHost");
  let count = 0;
  let scratch: ScratchDirectory;
  let repository: PackageRepository | undefined;

  beforeEach(async () => {
    scratch = await createScratch();
    count += 1;
  });
  afterEach(async () => {
    await repository?.[Symbol.asyncDispose]();
    repository = undefined;
    await scratch[Symbol.asyncDispose]();
  });

  const bench: RunBench = {
    get directory() {
      return scratch.directory;
    },
    get cacheDirectory() {
      return join(scratch.directory, "cache");
    },
    get org() {
      return `${name}-${process.pid}-${count}`;
    },
    get repository() {
      if (repository === undefined) throw new Error("the test has made no repository");
      return repository;
    },
    options: () => ({ cacheDirectory: bench.cacheDirectory }),
    async create(files) {
      repository = await createRepository(files);
      return repository;
    },
    async open(files, host = registry) {
      const { directory } = await bench.create(files);
      return pkg(join(directory, "p")).org(`${host}/${bench.org}`).engines(inject("buildkitAddress"));
    },
    async expectNothingPublished() {
      expect(await tagsOf(registry, `${bench.org}/p`)).toEqual([]);
      expect(await cacheNames(bench.cacheDirectory)).toEqual([]);
      expect(await unfinishedFiles(bench.cacheDirectory)).toEqual([]);
      await mkdir(bench.cacheDirectory, { recursive: true });
      await expectUnlocked(bench.cacheDirectory);
    },
  };
  return bench;
}
