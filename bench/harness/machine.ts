import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { testTools } from "../../test/engines/test-tools.ts";

/** What has to be known of a machine to read its figures. */
export function machineFacts(): Readonly<Record<string, string>> {
  return {
    processor: `${availableParallelism()} × ${cpus()[0]?.model ?? process.arch}`,
    memory: `${(totalmem() / 1e9).toFixed(0)} GB`,
    system: `${process.platform} ${release()}`,
    node: process.version,
    buildkit: versionOf(() => join(testTools().binDirectories[0] ?? "", "buildkitd")),
    buildx: versionOf(() => testTools().buildx, "version"),
    commit: versionOf(() => "git", "rev-parse", "HEAD"),
  };
}

function versionOf(program: () => string, ...parameters: string[]): string {
  try {
    const argv = parameters.length === 0 ? ["--version"] : parameters;
    return execFileSync(program(), argv, { encoding: "utf8", cwd: import.meta.dirname }).trim();
  } catch {
    return "not installed";
  }
}
