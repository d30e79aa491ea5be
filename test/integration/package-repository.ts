import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";

/** What a file holds. With a mode, as a shell script needs one. */
export type FileContent = string | Uint8Array | { readonly content: string | Uint8Array; readonly mode: number };

/** A git repository with packages, in a directory of its own. Disposing it removes the directory. */
export interface PackageRepository extends AsyncDisposable {
  readonly directory: string;
  /** Writes a file; directories above it are made. */
  write(path: string, content: FileContent): Promise<void>;
  remove(path: string): Promise<void>;
  /** Commits all that changed. */
  commit(message?: string): Promise<void>;
}

/** Who commits, and when: the same files give the same commits, whatever the machine's settings are. */
const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "Author",
  GIT_AUTHOR_EMAIL: "author@example.com",
  GIT_AUTHOR_DATE: "2024-05-06T07:08:09Z",
  GIT_COMMITTER_NAME: "Author",
  GIT_COMMITTER_EMAIL: "author@example.com",
  GIT_COMMITTER_DATE: "2024-05-06T07:08:09Z",
};

/** Makes a repository whose first commit has these files. */
export async function createRepository(files: Readonly<Record<string, FileContent>>): Promise<PackageRepository> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), "kitsmith-packages-")));
  const git = async (...args: string[]) => {
    await execa("git", args, { cwd: directory, env: ENVIRONMENT });
  };
  const write = (path: string, content: FileContent) => writeContent(join(directory, path), content);
  const commit = async (message = "change") => {
    await git("add", "--all");
    await git("commit", "--quiet", "--allow-empty", `--message=${message}`);
  };
  await git("init", "--quiet", "--initial-branch=main");
  for (const [path, content] of Object.entries(files)) await write(path, content);
  await commit();
  return Object.freeze({
    directory,
    write,
    remove: (path: string) => rm(join(directory, path), { recursive: true }),
    commit,
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  });
}

async function writeContent(file: string, given: FileContent): Promise<void> {
  const { content, mode } =
    typeof given === "string" || given instanceof Uint8Array ? { content: given, mode: 0o644 } : given;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  // The mode of a new file would be cut by the umask.
  await chmod(file, mode);
}
