import { mkdir, readlink, realpath, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { execa } from "execa";
import { testTools } from "../engines/test-tools.ts";
import { createScratch } from "./run-fixture.ts";

/** Makes an image with buildkitd, buildctl, runc and its libraries, and gives it names on a docker daemon. */
export async function importBuilderImage(dockerAddress: string, names: readonly string[]): Promise<void> {
  await using scratch = await createScratch();
  const { buildctl, docker, busybox } = testTools();
  const runc = await findRunc();
  const programs = [buildctl, join(dirname(buildctl), "buildkitd"), runc];
  const files: readonly (readonly [target: string, source: string])[] = [
    ...programs.map((program) => [`usr/bin/${basename(program)}`, program] as const),
    ...(await librariesOf(runc)).map((library) => [library.slice(1), library] as const),
    ["bin/sh", process.arch === "arm64" ? busybox.arm64 : busybox.amd64],
  ];
  for (const [target, source] of files) {
    await mkdir(join(scratch.directory, dirname(target)), { recursive: true });
    await symlink(source, join(scratch.directory, target));
  }
  await mkdir(join(scratch.directory, "tmp"));
  const [first = "", ...others] = names;
  const settings = ["--change", 'ENTRYPOINT ["buildkitd"]', "--change", "ENV PATH=/usr/bin:/bin"];
  const host = ["--host", dockerAddress];
  // What the links point to is put in.
  const tar = execa("tar", ["--create", "--dereference", "--directory", scratch.directory, "."]);
  await tar.pipe(docker, [...host, "import", ...settings, "-", first]);
  for (const other of others) await execa(docker, [...host, "tag", first, other]);
}

/** The program itself: of those in PATH, some are scripts that set where its libraries are. */
async function findRunc(): Promise<string> {
  for (const directory of testTools().binDirectories) {
    const path = join(directory, "runc");
    if (await readlink(path).catch(() => undefined)) return await realpath(path);
  }
  throw new Error("there is no runc that runs with the machine's libraries");
}

async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await execa("ldd", [program]);
  return [...stdout.matchAll(/(?:=> |^\s+)(\/\S+)/gm)].map(([, path = ""]) => path);
}
