import type { FluentPackages } from "../../run/facade/fluent-packages.ts";
import type { BuildOptions, PushOptions } from "../../run/facade/options.ts";
import type { RunResult } from "../../run/facade/result.ts";
import type { Run } from "../../run/run.ts";
import { BUILD_FLAGS } from "../build-flags.ts";
import { beginMarkers, endMarker, eventMarkers, type MarkedRun, skippedMarker } from "../build-markers.ts";
import type { Command, Invocation } from "../command.ts";
import { progressMode } from "../progress-flag.ts";
import { registryOptions } from "../registry-options.ts";

/** `kitsmith pkg build`. */
export const pkgBuild: Command = {
  name: "pkg build",
  summary: "Build packages into the OCI cache, and push them with --push",
  usage: "PATH…",
  flags: BUILD_FLAGS,
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  run: (invocation) => build(invocation, invocation.boolean("push") ?? false),
};

/** `kitsmith pkg push`. */
export const pkgPush: Command = {
  ...pkgBuild,
  name: "pkg push",
  summary: "Build packages and push them: the images of each platform and one index",
  run: (invocation) => build(invocation, true),
};

async function build(invocation: Invocation, push: boolean): Promise<number> {
  if (push && invocation.boolean("image") === false) return await pushIndexes(invocation);
  const { buildPackages } = await import("../build-packages.ts");
  const packages = buildPackages(invocation);
  if (invocation.boolean("dry-run")) return await dryRun(packages, invocation);
  const { signal } = invocation;
  const builds = !(push && invocation.boolean("nobuild"));
  const marked: MarkedRun = { push, build: builds, references: await packages.tags({ signal }) };
  const print = (lines: readonly string[]) => invocation.stdout.write(lines.map((line) => `${line}\n`).join(""));
  print(beginMarkers(marked));
  const result = await perform(packages, invocation, marked, print);
  printImages(result, invocation);
  if (!result.ok) throw (await import("../../run/build/outcome.ts")).runFailed(result);
  if (!builds && result.packages.length === 0) print(["No new platforms to push, skipping."]);
  print([endMarker(marked, invocation.text("release") || undefined)]);
  return 0;
}

/** With docker and push both, docker comes first: what is pushed then comes from the cache. */
async function perform(
  packages: FluentPackages,
  invocation: Invocation,
  marked: MarkedRun,
  print: (lines: readonly string[]) => void,
): Promise<RunResult> {
  const options = buildOptions(invocation);
  const docker = invocation.boolean("docker") ?? false;
  const follow = async (run: Run<RunResult>) => {
    for await (const event of run) print(eventMarkers(event, marked));
    return await run;
  };
  if (!marked.push) return await follow(docker ? packages.load(options) : packages.build(options));
  if (!docker) return await follow(packages.push({ ...options, ...pushOptions(invocation) }));
  const loaded = await follow(packages.load(options));
  return loaded.ok ? await packages.push({ ...options, ...pushOptions(invocation), force: false }) : loaded;
}

function buildOptions(invocation: Invocation): BuildOptions {
  const cacheDirectory = invocation.text("cache");
  return {
    signal: invocation.signal,
    force: invocation.boolean("force") ?? false,
    // As with LinuxKit, whoever ignores the cache puts nothing into it first.
    cachedBases: !invocation.boolean("ignore-cached") && (invocation.boolean("precache-images") ? "pull" : true),
    pull: invocation.boolean("pull") ?? false,
    progress: progressMode(invocation),
    ...registryOptions(invocation),
    ...(cacheDirectory ? { cacheDirectory } : {}),
  };
}

function pushOptions(invocation: Invocation): PushOptions {
  const release = invocation.text("release");
  return {
    keep: true,
    build: !invocation.boolean("nobuild"),
    archTags: invocation.boolean("manifest") ?? true,
    release: release ? [release] : "git-tags",
  };
}

function printImages(result: RunResult, { stdout }: Invocation): void {
  for (const { reference, digest, images } of result.packages) {
    for (const image of Object.values(images)) {
      stdout.write(`${image.reference} ${image.digest ?? "-"} ${image.outcome}: ${image.why}\n`);
    }
    stdout.write(`${reference} ${digest ?? "-"}\n`);
  }
}

async function dryRun(packages: FluentPackages, invocation: Invocation): Promise<number> {
  const { dockerCommand } = await import("../docker-command.ts");
  const { builds, skipped } = await packages.builds(buildOptions(invocation));
  for (const reference of skipped) invocation.stdout.write(`${skippedMarker(reference)}\n`);
  for (const planned of builds) invocation.stdout.write(`${dockerCommand(planned)}\n`);
  return 0;
}

/** What older versions called `push --image=false --manifest`. */
async function pushIndexes(invocation: Invocation): Promise<number> {
  const { pkgManifest } = await import("./pkg-manifest.ts");
  return await pkgManifest.run(invocation);
}
