import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Abortable } from "../../core/abort.ts";
import { readAptSources, runApt } from "./apt-sources.ts";
import { runProgram } from "./program.ts";

/** Which of a distribution's suites packages come from: the machine's own, or another one's name. */
export interface PrivateAptOptions extends Abortable {
  /** Where indexes and downloads are kept. Nothing outside of it is written. */
  readonly directory: string;
  /** Name of another suite of the same distribution. Default: the machine's own sources. */
  readonly suite?: string | undefined;
  /** Debian's names of architectures besides the machine's, for packages such as `busybox-static:arm64`. */
  readonly architectures?: readonly string[];
}

/** How packages are taken. */
export interface UnpackOptions extends Abortable {
  readonly packages: readonly string[];
  /** Also what the packages need and the machine lacks. Default false. */
  readonly dependencies?: boolean;
  /** The directory that becomes the packages' root: whole or not at all. What was there is replaced. */
  readonly root: string;
}

/** apt with state of its own: it reads the machine's sources and keys, and changes nothing of the machine. */
export interface PrivateApt {
  /** The version that would be taken, or undefined where the suite has none. */
  candidate(packageName: string): Promise<string | undefined>;
  /** Downloads packages and unpacks them; none of their scripts is run. Returns the names of the package files. */
  unpack(options: UnpackOptions): Promise<readonly string[]>;
}

/** True where apt and dpkg are there to fetch packages with. */
export async function hasApt(): Promise<boolean> {
  const found = await Promise.all(["apt-get", "dpkg-deb"].map((tool) => runProgram([tool, "--version"])));
  return found.every(({ failed }) => !failed);
}

/**
 * Opens apt on a directory of its own and loads the package indexes.
 *
 * @throws EngineError ENGINE_START_FAILED where apt is missing, has no sources or cannot reach them.
 */
export async function openPrivateApt(options: PrivateAptOptions): Promise<PrivateApt> {
  const directory = join(options.directory, options.suite ?? "own");
  const configFile = join(directory, "apt.conf");
  for (const part of ["lists/partial", "cache/archives/partial", "empty"]) {
    await mkdir(join(directory, part), { recursive: true });
  }
  const sources = await readAptSources({ ...options, emptyDirectory: join(directory, "empty") });
  await writeFile(join(directory, "sources.list"), sources);
  await writeFile(configFile, await formatConfig(directory, options));
  await runApt(["apt-get", "-c", configFile, "-qq", "update"], options);

  return Object.freeze({
    async candidate(packageName: string): Promise<string | undefined> {
      const { stdout } = await runApt(["apt-cache", "-c", configFile, "policy", packageName], options);
      const version = /^ {2}Candidate: (.+)$/m.exec(stdout)?.[1];
      return version === "(none)" ? undefined : version;
    },
    async unpack(request: UnpackOptions): Promise<readonly string[]> {
      const archives = join(directory, "cache/archives");
      await rm(archives, { recursive: true, force: true });
      await mkdir(join(archives, "partial"), { recursive: true });
      const fetch = request.dependencies
        ? ["--download-only", "--reinstall", "--no-install-recommends", "-y", "install"]
        : ["download"];
      await runApt(["apt-get", "-c", configFile, "-qq", ...fetch, ...request.packages], request, archives);
      const files = (await readdir(archives)).filter((name) => name.endsWith(".deb")).sort();
      const partial = `${request.root}.partial`;
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial, { recursive: true });
      for (const file of files) await runApt(["dpkg-deb", "--extract", join(archives, file), partial], request);
      await rm(request.root, { recursive: true, force: true });
      await rename(partial, request.root);
      await rm(archives, { recursive: true, force: true });
      return files;
    },
  });
}

// Hooks of the machine's own configuration are cleared: they may tidy the machine's own package cache. The caches of
// indexes, which container images turn off, save seconds with every command.
async function formatConfig(directory: string, options: PrivateAptOptions): Promise<string> {
  const own = (await runApt(["dpkg", "--print-architecture"], options)).stdout.trim();
  const architectures = [own, ...(options.architectures ?? [])].map((name) => `"${name}";`).join(" ");
  return `#clear APT::Architectures;
APT::Architectures { ${architectures} };
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "${directory}";
Dir::State::lists "${directory}/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "${directory}/cache";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Acquire::GzipIndexes "false";
Dir::Etc::sourcelist "${directory}/sources.list";
Dir::Etc::sourceparts "${directory}/empty";
Dir::Etc::preferences "${directory}/empty/none";
Dir::Etc::preferencesparts "${directory}/empty";
APT::Sandbox::User "";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
`;
}
