import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A git repository full of packages for two architectures. */
export interface PackageSet {
  readonly repository: string;
  /** For `pkgs()`. */
  readonly glob: string;
  readonly names: readonly string[];
}

/** Options of {@link createPackageSet}. */
export interface PackageSetOptions {
  readonly directory: string;
  readonly count: number;
  /** Stands in every file: another text, other content. */
  readonly salt: string;
  /** Lines of each Dockerfile after `FROM scratch` and the copy of its content. Default: none. */
  readonly lines?: readonly string[];
  /** Lines of each Dockerfile instead of `FROM scratch`. */
  readonly from?: readonly string[];
  /** Files that each package has besides, by name. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** How many commits there are, the last one with the packages. Default 1. */
  readonly history?: number;
}

/** Writes packages and commits them. */
export function createPackageSet(options: PackageSetOptions): PackageSet {
  const { directory, count, salt, lines = [], from = ["FROM scratch"], files = {}, history = 1 } = options;
  const names = Array.from({ length: count }, (_, index) => `package-${index}`);
  for (const name of names) {
    const package_ = join(directory, "pkg", name);
    mkdirSync(package_, { recursive: true });
    writeFileSync(join(package_, "build.yml"), `image: ${name}\narches: [amd64, arm64]\nnetwork: true\n`);
    writeFileSync(join(package_, "Dockerfile"), [...from, "COPY content /", ...lines, ""].join("\n"));
    writeFileSync(join(package_, "content"), `content of ${name} ${salt}\n`);
    for (const [file, content] of Object.entries(files)) writeFileSync(join(package_, file), content, { mode: 0o755 });
  }
  const git = (...args: string[]) => execFileSync("git", ["-C", directory, ...args]);
  git("init", "--quiet", "--initial-branch=main");
  if (history > 1) writeHistory(directory, history - 1);
  git("add", "--all");
  git("-c", "user.name=Author", "-c", "user.email=author@example.com", "commit", "--quiet", "--message=packages");
  return { repository: directory, glob: join(directory, "pkg/*"), names };
}

/** Commits that each write one file; none of them is left in the last tree. */
function writeHistory(directory: string, commits: number): void {
  const lines = Array.from({ length: commits }, (_, index) => [
    "commit refs/heads/main",
    `committer Author <author@example.com> ${1_600_000_000 + index} +0000`,
    "data 0",
    `M 100644 inline old/${index % 500}`,
    `data ${String(index).length}`,
    `${index}`,
  ]);
  execFileSync("git", ["-C", directory, "fast-import", "--quiet"], { input: lines.flat().join("\n") });
}

/** The same packages for `docker buildx bake`; gives back the file. */
export function writeBakeFile({ repository, names }: PackageSet, organisation: string): string {
  const target = Object.fromEntries(
    names.map((name) => [
      name,
      {
        context: join(repository, "pkg", name),
        platforms: ["linux/amd64", "linux/arm64"],
        tags: [`${organisation}/${name}:latest`],
      },
    ]),
  );
  const file = join(repository, "bake.json");
  writeFileSync(file, JSON.stringify({ group: { default: { targets: names } }, target }));
  return file;
}
