import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { unpackDistributionDocker } from "../../sdk/engine/lifecycle/distribution-docker.ts";
import { registerEmulators } from "../../sdk/engine/lifecycle/emulators.ts";
import { hasApt, openPrivateApt } from "../../sdk/engine/lifecycle/private-apt.ts";
import { createProgramDirectory } from "../../sdk/engine/lifecycle/program-directory.ts";
import { RUNTIME_VERSIONS, testCacheDirectory, testToolDirectories } from "./test-cache.ts";
import { testRuntimePackages } from "./test-tools.ts";

/** How the installation reports. */
export interface InstallOptions {
  readonly onProgress: (line: string) => void;
}

const BUILDKIT = "github.com/moby/buildkit";
const GO_PROGRAMS = [
  `${BUILDKIT}/cmd/buildkitd`,
  `${BUILDKIT}/cmd/buildctl`,
  "github.com/google/go-containerregistry/cmd/crane",
];
const OWN_ARCHITECTURE = process.arch === "x64" ? "amd64" : process.arch;
/** Tests build for these two: one of them is emulated. */
const BASE_ARCHITECTURES = ["amd64", "arm64"];
const PACKAGES = ["runc", "docker-registry", "skopeo", "umoci", "podman", "conmon", "qemu-user-static"];
const PROGRAMS = ["runc", "docker-registry", "skopeo", "umoci", "podman", "conmon"];

/**
 * Fetches and builds all that integration tests run. Each part is made once per version, whole or not at all.
 * Nothing is installed on the machine, but for the emulators that are registered with its kernel.
 */
export async function installTestTools({ onProgress }: InstallOptions): Promise<void> {
  await requireMachine();
  const directories = testToolDirectories();
  await mkdir(testCacheDirectory(), { recursive: true });
  await installOnce(
    directories.distribution,
    "Debian's runc, registry and readers (170 MB)",
    onProgress,
    installPackages,
  );
  await installOnce(
    directories.docker,
    "Debian's dockerd, containerd and docker (70 MB)",
    onProgress,
    async (target) => {
      const docker = await unpackDistributionDocker({ directory: target, onProgress, command: true });
      onProgress(`  dockerd ${docker.version}`);
    },
  );
  await installOnce(
    directories.go,
    "buildkitd, buildctl and crane, compiled (about 5 minutes)",
    onProgress,
    installGoPrograms,
  );
  await installOnce(
    directories.emulators,
    "Emulators of object stores (370 MB, about a minute)",
    onProgress,
    installEmulators,
  );
  await installOnce(directories.runtimes, "Deno and Bun (200 MB)", onProgress, installRuntimes);
  await registerEmulators({
    root: join(directories.distribution, "root"),
    architectures: BASE_ARCHITECTURES.filter((architecture) => architecture !== OWN_ARCHITECTURE),
    onProgress,
  });
  onProgress(`Test programs are ready in ${testCacheDirectory()}`);
}

async function requireMachine(): Promise<void> {
  const missing: string[] = [];
  if (process.platform !== "linux" || !(await hasApt())) missing.push("Linux with apt (Debian or a relative of it)");
  if (process.getuid?.() !== 0) missing.push("root, to start engines");
  if ((await execa("go", ["version"], { reject: false })).exitCode !== 0)
    missing.push("Go 1.26 in PATH, to compile buildkitd");
  if (missing.length > 0) {
    const list = missing.map((line) => `  - ${line}`).join("\n");
    throw new Error(`The integration tests' set-up needs what this machine lacks:\n${list}`);
  }
}

/** Makes a directory under another name first, so that what is there is complete. */
async function installOnce(
  target: string,
  title: string,
  onProgress: (line: string) => void,
  install: (target: string) => Promise<void>,
): Promise<void> {
  const marker = join(target, "complete");
  if (existsSync(marker)) return onProgress(`${title}: there already`);
  onProgress(`${title}: installing…`);
  const startedAt = Date.now();
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await install(target);
  await writeFile(marker, "");
  onProgress(`${title}: done in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

async function installPackages(target: string): Promise<void> {
  const apt = await openPrivateApt({ directory: join(target, "apt") });
  const foreign = await openPrivateApt({
    directory: join(target, "apt", "foreign"),
    architectures: BASE_ARCHITECTURES.filter((architecture) => architecture !== OWN_ARCHITECTURE),
  });
  const root = join(target, "root");
  await apt.unpack({ packages: PACKAGES, dependencies: true, root });
  for (const architecture of BASE_ARCHITECTURES) {
    const busybox = join(target, "busybox", architecture);
    await foreign.unpack({ packages: [`busybox-static:${architecture}`], root: join(busybox, "root") });
    await createProgramDirectory(join(busybox, "root"), busybox, { programs: ["busybox"] });
  }
  await rm(join(target, "apt"), { recursive: true, force: true });
  // skopeo looks for a trust policy in /etc, where nothing is installed.
  await createProgramDirectory(root, join(target, "bin"), {
    programs: PROGRAMS,
    presetArguments: { skopeo: ["--insecure-policy"] },
  });
}

async function installEmulators(target: string): Promise<void> {
  const source = join(dirname(fileURLToPath(import.meta.url)), "emulators");
  for (const file of ["package.json", "package-lock.json"]) await copyFile(join(source, file), join(target, file));
  await execa("npm", ["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"], {
    cwd: target,
    stdout: "ignore",
  });
}

/** Of each only the program for this machine, so that no script of a package has to run. */
async function installRuntimes(target: string): Promise<void> {
  const { deno, bun } = testRuntimePackages();
  const packages = [`${deno}@${RUNTIME_VERSIONS.deno}`, `${bun}@${RUNTIME_VERSIONS.bun}`];
  await writeFile(join(target, "package.json"), "{}");
  const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts"];
  await execa("npm", ["install", ...flags, ...packages], { cwd: target, stdout: "ignore" });
}

async function installGoPrograms(target: string): Promise<void> {
  const source = join(dirname(fileURLToPath(import.meta.url)), "go");
  const building = join(target, "building");
  await mkdir(building, { recursive: true });
  // A program that is built from its module does not know its version, but clients ask for it.
  const { stdout: version } = await execa("go", ["list", "-m", "-f", "{{.Version}}", BUILDKIT], { cwd: source });
  const linker = `-s -w -X ${BUILDKIT}/version.Version=${version}`;
  const flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", linker, "-o", `${building}/`];
  await execa("go", ["build", ...flags, ...GO_PROGRAMS], {
    cwd: source,
    env: { CGO_ENABLED: "0" },
    stdout: "ignore",
  });
  await rename(building, join(target, "bin"));
}
