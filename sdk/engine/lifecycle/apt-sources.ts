import { readFile } from "node:fs/promises";
import type { Abortable } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import { runProgram } from "./program.ts";

/** Which sources are wanted. */
export interface AptSourceOptions extends Abortable {
  /** A directory without any file: apt looks there for the indexes it has. */
  readonly emptyDirectory: string;
  /** Name of another suite of the same distribution. Default: the machine's own suites. */
  readonly suite?: string | undefined;
}

/**
 * The machine's own sources as a sources.list, with the suite's name changed where another is wanted.
 *
 * @throws EngineError ENGINE_START_FAILED where apt is missing or has no source of the machine's distribution.
 */
export async function readAptSources({ emptyDirectory, suite, signal }: AptSourceOptions): Promise<string> {
  const { codename, id } = await readOsRelease();
  // Says what an update would fetch if nothing had been: it asks nobody, and images without indexes say the same.
  const fetched = ["-o", `Dir::State::lists=${emptyDirectory}`, "-o", "Acquire::Languages=none"];
  const { stdout } = await runApt(["apt-get", ...fetched, "update", "--print-uris"], { signal });
  const keyring = `/usr/share/keyrings/${id}-archive-keyring.gpg`;
  const trust = await readFile(keyring).then(
    () => `[signed-by=${keyring}] `,
    () => "",
  );
  const lines = new Set<string>();
  for (const [, uri, release, component] of stdout.matchAll(PACKAGE_INDEX)) {
    if (isOwnRelease(release, codename, suite !== undefined)) {
      lines.add(`deb ${trust}${uri} ${suite ?? release} ${component}`);
    }
  }
  if (lines.size === 0) {
    throw new EngineError("ENGINE_START_FAILED", "apt has no source for this machine's distribution", {
      hint: "Install BuildKit or docker yourself, or name a running engine with BUILDKIT_HOST.",
      details: { codename },
    });
  }
  return `${[...lines].join("\n")}\n`;
}

/** Runs a program of apt or dpkg to its end. */
export async function runApt(
  command: readonly [string, ...string[]],
  { signal }: Abortable,
  cwd?: string,
): Promise<{ readonly stdout: string }> {
  const result = await runProgram(command, { signal, cwd, environment: { DEBIAN_FRONTEND: "noninteractive" } });
  if (result.failed) {
    throw new EngineError("ENGINE_START_FAILED", result.problem, {
      cause: result.cause,
      hint: "Check that this machine can reach its package sources, or install BuildKit or docker yourself.",
    });
  }
  return { stdout: result.stdout };
}

/** `'http://…/debian/dists/bookworm/main/binary-amd64/Packages.xz' …` */
const PACKAGE_INDEX = /^'([^']+)\/dists\/([^']+)\/([^'/]+)\/binary-[^'/]+\/Packages[^'/]*'/gm;

/** Another suite replaces the release itself; its updates and security fixes lie at other places. */
function isOwnRelease(release: string | undefined, codename: string, exactly: boolean): boolean {
  const name = exactly ? release : release?.split(/[-/]/)[0];
  return name === codename || name === "stable";
}

async function readOsRelease(): Promise<{ readonly id: string; readonly codename: string }> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const field = (name: string): string => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return { id: field("ID"), codename: field("VERSION_CODENAME") };
}
