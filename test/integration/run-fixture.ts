import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { isKitsmithError, type KitsmithError, type Run, type RunEvent } from "kitsmith";
import { lockFile } from "../../sdk/oci/layout/file-lock.ts";
import { testTools } from "../engines/test-tools.ts";
import type { FileContent } from "./package-repository.ts";

/** A directory that is gone at the end. */
export interface ScratchDirectory extends AsyncDisposable {
  readonly directory: string;
}

/** Makes an empty directory. */
export async function createScratch(): Promise<ScratchDirectory> {
  const directory = await mkdtemp("/tmp/kitsmith-run-");
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}

/** Mounts a disk of its own at a directory, which is made. */
export async function mountDisk(directory: string, sizeBytes: number): Promise<AsyncDisposable> {
  await mkdir(directory);
  await execa("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "none", directory]);
  return {
    [Symbol.asyncDispose]: async () => {
      await execa("umount", [directory]);
    },
  };
}

/** A package whose Dockerfile begins with a shell. */
export async function shellPackage(
  path: string,
  lines: readonly string[],
  options: { readonly arches?: readonly string[]; readonly org?: string } = {},
): Promise<Readonly<Record<string, FileContent>>> {
  const { arches = ["amd64"], org = "acme" } = options;
  const { busybox } = testTools();
  const own = process.arch === "arm64" ? busybox.arm64 : busybox.amd64;
  return {
    [`${path}/build.yml`]: `image: ${path}\norg: ${org}\narches: [${arches.join(", ")}]\n`,
    [`${path}/Dockerfile`]: ["FROM scratch", "COPY busybox /bin/sh", ...lines, ""].join("\n"),
    [`${path}/busybox`]: { content: await readFile(own), mode: 0o755 },
  };
}

/** What a run that has to fail rejects with. */
export async function failureOf(run: PromiseLike<unknown>): Promise<KitsmithError> {
  const thrown = await rejectionOf(run);
  if (isKitsmithError(thrown)) return thrown;
  throw new Error("what was thrown is no error of kitsmith's", { cause: thrown });
}

/** Whatever a promise rejects with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`it did not fail, but gave ${JSON.stringify(result)}`);
}

/** All events of a run, whether it fails or not. */
export async function eventsOf(run: Run<unknown>): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run.events()) events.push(event);
  return events;
}

/** How many builds a run began. */
export async function startedNodes(run: Run<unknown>): Promise<number> {
  return (await eventsOf(run)).filter(({ type }) => type === "node.started").length;
}

/** What the steps of a run wrote. */
export async function loggedText(run: Run<unknown>): Promise<string> {
  return (await eventsOf(run)).map((event) => (event.type === "log" ? event.text : "")).join("");
}

/** Resolves with the first event that is wanted; fails if the run ends without it. */
export async function eventOf(run: Run<unknown>, isWanted: (event: RunEvent) => boolean): Promise<RunEvent> {
  for await (const event of run.events()) if (isWanted(event)) return event;
  throw new Error("the run ended without the event", { cause: await rejectionOf(run) });
}

/** The names that a cache's index holds. A cache that was never written has none. */
export async function cacheNames(directory: string): Promise<readonly string[]> {
  const text = await readFile(join(directory, "index.json"), "utf8").catch(() => '{"manifests":[]}');
  const index: { readonly manifests: readonly { readonly annotations?: Readonly<Record<string, string>> }[] } =
    JSON.parse(text);
  return index.manifests.map(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] ?? "");
}

/** Files that somebody began to write and that have no name yet. */
export async function unfinishedFiles(directory: string): Promise<readonly string[]> {
  return await readdir(join(directory, ".incoming")).catch(() => []);
}

/** Fails if somebody holds the cache's lock. */
export async function expectUnlocked(directory: string): Promise<void> {
  const lock = await lockFile(join(directory, ".lock"), { signal: AbortSignal.timeout(10_000) });
  await lock[Symbol.asyncDispose]();
}

/** The tags of a repository; none if there is no such repository. */
export async function tagsOf(registry: string, repository: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${registry}/v2/${repository}/tags/list`);
  if (answer.status === 404) return [];
  const { tags }: { readonly tags: readonly string[] | null } = JSON.parse(await answer.text());
  return tags ?? [];
}
