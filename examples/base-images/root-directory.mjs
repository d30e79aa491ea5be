import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { runPipe, runProgram } from "./program.mjs";

const MERGED = { bin: "usr/bin", sbin: "usr/sbin", lib: "usr/lib", lib64: "usr/lib64" };
const DOCUMENTATION = ["doc", "man", "info", "locale", "lintian", "gdb", "bug"].map((part) => `./usr/share/${part}`);
const PARALLEL = 2;

/** The directories and files that every image has. */
export async function createRoot(root, name) {
  for (const [link, target] of Object.entries(MERGED)) {
    await mkdir(join(root, target), { recursive: true });
    await symlink(target, join(root, link));
  }
  for (const part of ["etc", "root", "var/tmp", "dev", "proc", "sys"])
    await mkdir(join(root, part), { recursive: true });
  for (const part of ["tmp", "var/tmp"]) {
    await mkdir(join(root, part), { recursive: true });
    await chmod(join(root, part), 0o1777);
  }
  await writeFile(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  );
  await writeFile(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  await writeFile(join(root, "etc/os-release"), `ID=stand-in\nPRETTY_NAME="stand-in for ${name}"\n`);
}

/** Unpacks every package file of a directory; none of their scripts is run. */
export async function unpackPackages(directory, root, { without = [], signal } = {}) {
  const waiting = (await readdir(directory)).filter((name) => name.endsWith(".deb"));
  const excludes = [...DOCUMENTATION, ...without].map((pattern) => `--exclude=${pattern}`);
  const extract = ["tar", "-x", "-p", "-C", root, "--no-same-owner", "--keep-directory-symlink", ...excludes];
  const worker = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      await runPipe(["dpkg-deb", "--fsys-tarfile", join(directory, name)], extract, { signal });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

/** Makes a link for each command of busybox that the root does not have from elsewhere. */
export async function linkApplets(root, applets) {
  for (const applet of applets) {
    const path = join(root, applet);
    await mkdir(dirname(path), { recursive: true });
    await symlink("/bin/busybox", path).catch((error) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/** Paths of busybox's commands, as the unpacked program itself lists them. */
export async function listApplets(busybox) {
  const listing = await runProgram(busybox, ["--list-full"]);
  return listing.split("\n").filter((line) => line.includes("/") && line !== "bin/busybox");
}

/** Makes links such as `usr/local/go`, to the first directory of a kind. */
export async function addLinks(root, links) {
  for (const { path, directory, name } of links) {
    const found = (await readdir(join(root, directory))).find((entry) => name.test(entry));
    if (found === undefined) throw new Error(`the packages have nothing for /${path}`);
    await mkdir(join(root, dirname(path)), { recursive: true });
    await symlink(relative(dirname(path), join(directory, found)), join(root, path));
  }
}
