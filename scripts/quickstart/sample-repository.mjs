import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const AUTHOR = { name: "kitsmith quickstart", email: "quickstart@example.com", date: "2026-01-01T00:00:00Z" };

/**
 * Keeps a git repository whose `packages/` is a copy of the sample packages, committed. What was changed in the samples
 * becomes a new commit; with nothing changed, nothing is written. Gives the copy's path.
 */
export function updateSampleRepository(samples, repository) {
  const copy = join(repository, "packages");
  if (!existsSync(join(repository, ".git"))) {
    mkdirSync(repository, { recursive: true });
    git(repository, ["init", "--quiet"]);
  }
  mirror(samples, copy);
  if (git(repository, ["status", "--porcelain"]) !== "") {
    git(repository, ["add", "--all", "."]);
    git(repository, ["commit", "--quiet", "--no-verify", "--message", "Sample packages"]);
  }
  return copy;
}

/** Makes the target equal to the source; files that are equal already keep their time. */
function mirror(source, target) {
  const names = listFiles(source);
  for (const extra of listFiles(target)) if (!names.includes(extra)) rmSync(join(target, extra));
  for (const name of names) {
    const content = readFileSync(join(source, name));
    const mode = statSync(join(source, name)).mode & 0o111 ? 0o755 : 0o644;
    const file = join(target, name);
    if (existsSync(file) && readFileSync(file).equals(content) && (statSync(file).mode & 0o777) === mode) continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  }
}

function listFiles(directory, parent = "") {
  if (!existsSync(join(directory, parent))) return [];
  return readdirSync(join(directory, parent), { withFileTypes: true }).flatMap((entry) => {
    const path = join(parent, entry.name);
    return entry.isDirectory() ? listFiles(directory, path) : [path];
  });
}

/** git without the user's configuration, so that the same samples always give the same commit. */
function git(directory, args) {
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  const { name, email, date } = AUTHOR;
  const result = spawnSync("git", ["-C", directory, ...args], {
    encoding: "utf8",
    env: {
      ...environment,
      ...{ GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" },
      ...{ GIT_AUTHOR_NAME: name, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: date },
      ...{ GIT_COMMITTER_NAME: name, GIT_COMMITTER_EMAIL: email, GIT_COMMITTER_DATE: date },
    },
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`git ${args[0]} failed: ${result.stderr.trim()}`);
  return result.stdout;
}
