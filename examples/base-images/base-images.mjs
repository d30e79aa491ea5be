import { createHash } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openArchive } from "./debian-archive.mjs";
import { createLayout } from "./oci-layout.mjs";
import { runProgram } from "./program.mjs";
import { addLinks, createRoot, linkApplets, listApplets, unpackPackages } from "./root-directory.mjs";
import { standIns, UNNEEDED_PACKAGES } from "./stand-ins.mjs";

export { pushLayout } from "./registry.mjs";

const HUB = "https://registry-1.docker.io/v2/";
const ARCHITECTURES = { x64: "amd64", arm64: "arm64" };

/** True if the registry that ordinary image names mean answers in time. Any answer counts, also that we must log in. */
export async function hubReachable({ timeoutMs = 3000 } = {}) {
  return await fetch(HUB, { signal: AbortSignal.timeout(timeoutMs) }).then(
    (answer) => answer.status < 500,
    () => false,
  );
}

/** True if stand-ins lie in the directory, of whatever version. */
export function hasBaseImages(directory) {
  return existsSync(directory) && readdirSync(directory).some((name) => name.startsWith("layout-"));
}

/** The programs that are missing to make the images, in words. */
export async function missingForBaseImages() {
  const missing = [];
  if (ARCHITECTURES[process.arch] === undefined) missing.push("a machine of architecture amd64 or arm64");
  for (const program of ["apt-get", "dpkg-deb", "tar"]) {
    await runProgram(program, ["--version"]).catch(() => missing.push(program));
  }
  return missing;
}

/**
 * Makes the stand-ins as an OCI layout below the directory, once per version of them, and gives its path.
 * A layout that is there is complete: it is made under another name first.
 */
export async function makeBaseImages(directory, { signal, onProgress = () => undefined } = {}) {
  const layoutDirectory = join(directory, `layout-${await recipeHash()}`);
  if (await readFile(join(layoutDirectory, "index.json")).catch(() => undefined)) return layoutDirectory;
  await mkdir(directory, { recursive: true });
  const workDirectory = await mkdtemp(join(directory, "making-"));
  try {
    await makeLayout(workDirectory, { signal, onProgress });
    await rename(join(workDirectory, "layout"), layoutDirectory);
    await removeOthers(directory, layoutDirectory);
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
  return layoutDirectory;
}

/** What an older version of the stand-ins left. */
async function removeOthers(directory, layoutDirectory) {
  const layouts = (await readdir(directory)).filter((name) => name.startsWith("layout-"));
  const old = layouts.map((name) => join(directory, name)).filter((path) => path !== layoutDirectory);
  await Promise.all(old.map((path) => rm(path, { recursive: true, force: true })));
}

async function makeLayout(workDirectory, { signal, onProgress }) {
  const own = ARCHITECTURES[process.arch];
  onProgress("reading Debian's package indexes");
  const open = (suite, architectures) =>
    openArchive({ directory: join(workDirectory, suite), suite, architectures, signal });
  const [ownArchive, testing] = await Promise.all([
    open("own", own === "amd64" ? ["amd64", "arm64"] : ["arm64", "amd64"]),
    open("testing", [own]).catch(() => undefined),
  ]);
  const archives = { own: ownArchive, testing };
  const busybox = await unpackBusybox(workDirectory, ownArchive, signal);
  const layout = await createLayout(join(workDirectory, "layout"));
  const images = standIns(own);
  const manifests = await Promise.all(
    images.map((image) => makeImage({ image, workDirectory, archives, busybox, layout, signal, onProgress })),
  );
  for (const [position, image] of images.entries()) {
    await layout.putIndex(`${image.repository}:${image.tag}`, manifests[position]);
  }
  await layout.close();
}

/** Its package files by architecture, and the paths of its commands. */
async function unpackBusybox(workDirectory, archive, signal) {
  const packages = {};
  for (const architecture of Object.values(ARCHITECTURES)) {
    packages[architecture] = join(workDirectory, `busybox-${architecture}`);
    await archive.download([`busybox-static:${architecture}`], packages[architecture]);
  }
  const root = join(workDirectory, "busybox-own");
  await mkdir(root);
  await unpackPackages(packages[ARCHITECTURES[process.arch]], root, { signal });
  return { packages, applets: await listApplets(join(root, "bin/busybox")) };
}

async function makeImage({ image, workDirectory, archives, busybox, layout, signal, onProgress }) {
  const name = `${image.repository.replace("library/", "")}:${image.tag}`;
  const downloads = join(workDirectory, `${name}-packages`);
  await downloadPackages(image, archives, downloads);
  const manifests = [];
  for (const architecture of image.architectures) {
    const root = join(workDirectory, `${name}-${architecture}`);
    await createRoot(root, name);
    await unpackPackages(busybox.packages[architecture], root, { signal });
    await unpackPackages(downloads, root, { without: image.without, signal });
    await addLinks(root, image.links);
    await linkApplets(root, busybox.applets);
    manifests.push(await layout.putImage({ root, architecture, environment: image.environment, signal }));
  }
  await rm(downloads, { recursive: true });
  onProgress(`made a stand-in for ${name}`);
  return manifests;
}

async function downloadPackages(image, archives, target) {
  for (const { suite, packages } of image.sources) {
    const names = await archives[suite]?.closure(packages);
    if (names === undefined) continue;
    await archives[suite].download(
      names.filter((packageName) => !UNNEEDED_PACKAGES.test(packageName)),
      target,
    );
    return;
  }
  throw new Error(`no suite of Debian has the packages for ${image.repository}:${image.tag}`);
}

/** Changes with these files, with the machine's release and with its architecture. */
async function recipeHash() {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const hash = createHash("sha256").update(process.arch);
  for (const file of (await readdir(here)).filter((name) => name.endsWith(".mjs")).sort()) {
    hash.update(await readFile(join(here, file)));
  }
  hash.update(await readFile("/etc/os-release").catch(() => ""));
  return hash.digest("hex").slice(0, 12);
}
