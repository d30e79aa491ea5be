import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FIRST_COMMIT, type PeerCase, SECOND_COMMIT, STATES } from "./peer-cases.ts";

/** The same commits on every machine. */
const IDENTITY = {
  GIT_AUTHOR_NAME: "Author",
  GIT_AUTHOR_EMAIL: "author@example.com",
  GIT_COMMITTER_NAME: "Author",
  GIT_COMMITTER_EMAIL: "author@example.com",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
};

/** A repository with two commits, gone at the end. */
export interface PeerRepository extends Disposable {
  readonly root: string;
  /** Brings it into a state, from whatever state it is in. */
  enter(state: PeerCase["state"]): void;
}

/** Makes the repository that all cases are about. */
export function createPeerRepository(): PeerRepository {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "kitsmith-peer-")));
  git(root, "2026-01-02T03:04:05Z", "init", "--quiet", "--initial-branch=main");
  commit(root, FIRST_COMMIT, "2026-01-02T03:04:05Z");
  commit(root, SECOND_COMMIT, "2026-02-03T04:05:06Z");
  return {
    root,
    enter(state) {
      git(root, "", "checkout", "--quiet", "--force", "HEAD");
      git(root, "", "clean", "--quiet", "-dfx");
      if (state !== undefined) write(root, STATES[state]);
    },
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

function commit(root: string, files: Readonly<Record<string, string>>, date: string): void {
  write(root, files);
  git(root, date, "add", "--all");
  git(root, date, "commit", "--quiet", "--message=change");
}

function git(root: string, date: string, ...args: string[]): void {
  const env = { ...process.env, ...IDENTITY, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  execFileSync("git", ["-C", root, ...args], { env, stdio: ["ignore", "ignore", "inherit"] });
}

function write(root: string, files: Readonly<Record<string, string | undefined>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    if (content === undefined) rmSync(path);
    else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }
}
