import type { Abortable } from "../core/abort.ts";
import { parseRaw } from "./changes.ts";
import { gitOutput, runGit, splitNul } from "./git-command.ts";

/** A file that differs; what is absent is not there on that side. */
export interface ChangedFile {
  /** Relative to the top of the repository, or to the tree that was compared. */
  readonly name: string;
  /** Mode and object id, such as `100644 8c7e…`. */
  readonly theirs?: string;
  /** The same, or `uncommitted`. */
  readonly ours?: string;
}

/** What git compares with. */
export interface ChangesSince extends Abortable {
  /** A commit. */
  readonly commit: string;
  /** The commit that is compared with it. Default: the work tree. */
  readonly until?: string;
}

const UNCOMMITTED = "uncommitted";

/**
 * The files of directories that differ from a commit; in the work tree files that git does not know and does not ignore
 * count. Undefined where the repository does not have the commit.
 */
export async function filesChangedSince(
  directories: readonly string[],
  { commit, until, signal }: ChangesSince,
): Promise<readonly ChangedFile[] | undefined> {
  const changed = new Map<string, ChangedFile>();
  for (const directory of directories) {
    const compared = await rawDiff(directory, ["diff", "--no-ext-diff", commit, ...(until ? [until] : [])], signal);
    if (compared === undefined) return undefined;
    const untracked = until === undefined ? await untrackedFiles(directory, signal) : [];
    for (const file of [...compared, ...untracked]) changed.set(file.name, file);
  }
  return sorted(changed);
}

/**
 * The files of a directory that differ from a tree, relative to it; what is not committed counts. Undefined where the
 * repository does not have the tree.
 */
export async function filesChangedFromTree(
  directory: string,
  { theirs, ours, signal }: Abortable & { readonly theirs: string; readonly ours: string },
): Promise<readonly ChangedFile[] | undefined> {
  const known = await runGit({ directory, args: ["cat-file", "-e", `${theirs}^{tree}`], signal });
  if (known.exitCode !== 0) return undefined;
  const committed = await rawDiff(directory, ["diff-tree", "-r", theirs, ours], signal);
  const uncommitted = await rawDiff(directory, ["diff", "--no-ext-diff", "--relative", "HEAD"], signal);
  if (committed === undefined || uncommitted === undefined) return undefined;
  const changed = new Map(committed.map((file) => [file.name, file]));
  for (const file of [...uncommitted, ...(await untrackedFiles(directory, signal, []))]) {
    const before = changed.has(file.name) ? changed.get(file.name)?.theirs : file.theirs;
    const { name, ours: now } = file;
    changed.set(name, { name, ...(before === undefined ? {} : { theirs: before }), ...(now ? { ours: now } : {}) });
  }
  return sorted(changed);
}

const ENTRY = /^:([0-7]+) ([0-7]+) ([0-9a-f]+) ([0-9a-f]+) [A-Z]/;

/** Undefined where git does not know what is to be compared. */
async function rawDiff(
  directory: string,
  [command = "", ...args]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly ChangedFile[] | undefined> {
  const options = ["--raw", "-z", "--no-renames", "--no-abbrev"];
  const limit = command === "diff" ? ["--", "."] : [];
  const answer = await runGit({ directory, args: [command, ...options, ...args, ...limit], signal });
  if (answer.exitCode !== 0) return undefined;
  return parseRaw(answer.stdout).flatMap(({ name, change }) => {
    const [, oldMode, newMode, oldId, newId] = ENTRY.exec(change) ?? [];
    if (oldMode === undefined || newMode === undefined || oldId === undefined || newId === undefined) return [];
    return [changedFile(name, [oldMode, oldId], [newMode, newId])];
  });
}

async function untrackedFiles(
  directory: string,
  signal: AbortSignal | undefined,
  options: readonly string[] = ["--full-name"],
): Promise<readonly ChangedFile[]> {
  const args = ["ls-files", "--exclude-standard", "--others", ...options, "-z", "--", "."];
  const names = splitNul(await gitOutput({ directory, args, signal }));
  return names.map((name) => ({ name: readable(name), ours: UNCOMMITTED }));
}

type Side = readonly [mode: string, id: string];

function changedFile(name: string, theirs: Side, ours: Side): ChangedFile {
  return {
    name: readable(name),
    ...(isAbsent(theirs) ? {} : { theirs: theirs.join(" ") }),
    // In the work tree files have no object of git yet.
    ...(isAbsent(ours) ? {} : { ours: /^0+$/.test(ours[1]) ? UNCOMMITTED : ours.join(" ") }),
  };
}

function isAbsent([mode]: Side): boolean {
  return /^0+$/.test(mode);
}

function readable(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}

function sorted(changed: ReadonlyMap<string, ChangedFile>): readonly ChangedFile[] {
  return [...changed.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
}
