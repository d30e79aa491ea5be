import { chmod, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

const PROGRAM_DIRECTORIES = ["usr/bin", "usr/sbin", "usr/libexec/docker/cli-plugins", "bin", "sbin"];
const LIBRARY_DIRECTORIES = ["usr/lib", "lib"];

/** Which programs, and how some are called beyond their name. */
export interface ProgramOptions {
  readonly programs: readonly string[];
  /** Arguments that a program always gets, before those of its caller. */
  readonly presetArguments?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Makes a directory for PATH with programs of an unpacked root; those that it lacks are left out.
 *
 * Programs whose libraries were unpacked too get a small script that finds them; the others are links.
 */
export async function createProgramDirectory(root: string, target: string, options: ProgramOptions): Promise<void> {
  await mkdir(target, { recursive: true });
  const libraries = await libraryPath(root);
  for (const name of options.programs) {
    const program = await findProgram(root, name);
    if (program === undefined) continue;
    await writeProgram(join(target, name), program, libraries, options.presetArguments?.[name] ?? []);
  }
}

async function findProgram(root: string, name: string): Promise<string | undefined> {
  for (const directory of PROGRAM_DIRECTORIES) {
    const program = join(root, directory, name);
    const info = await stat(program).catch(() => undefined);
    if (info?.isFile() && (info.mode & 0o111) !== 0) return program;
  }
  return undefined;
}

async function writeProgram(
  target: string,
  program: string,
  libraries: string,
  preset: readonly string[],
): Promise<void> {
  await rm(target, { force: true });
  if (libraries === "" && preset.length === 0) return await symlink(program, target);
  const environment = libraries === "" ? "" : `LD_LIBRARY_PATH=${quote(libraries)}`;
  const words = [environment, "exec", quote(program), ...preset.map(quote), '"$@"'].filter((word) => word !== "");
  const exported = environment === "" ? "" : `export ${environment}\n`;
  await writeFile(target, `#!/bin/sh\n${exported}${words.filter((word) => word !== environment).join(" ")}\n`);
  await chmod(target, 0o755);
}

/** Shared libraries lie in the directory of the machine's triple: `usr/lib/x86_64-linux-gnu`. */
async function libraryPath(root: string): Promise<string> {
  const found: string[] = [];
  for (const directory of LIBRARY_DIRECTORIES) {
    for (const triple of await list(join(root, directory))) {
      if (!triple.includes("-linux-gnu")) continue;
      const files = await list(join(root, directory, triple));
      if (files.some((name) => name.includes(".so"))) found.push(join(root, directory, triple));
    }
  }
  return found.join(":");
}

async function list(directory: string): Promise<readonly string[]> {
  return await readdir(directory).catch(() => []);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
