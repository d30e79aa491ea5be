import { existsSync } from "node:fs";
import { join } from "node:path";
import { testToolDirectories } from "./test-cache.ts";

/** Paths of the programs that tests run, all in the cache that install.mjs fills. */
export interface TestTools {
  readonly buildctl: string;
  readonly crane: string;
  readonly skopeo: string;
  readonly umoci: string;
  readonly podman: string;
  readonly conmon: string;
  readonly runc: string;
  readonly docker: string;
  /** buildx, to be run as it is: it takes the arguments of `docker buildx`. */
  readonly buildx: string;
  readonly dockerRegistry: string;
  /** Programs of Node that act as Amazon's and Azure's stores. */
  readonly emulators: Readonly<Record<"s3" | "azblob", string>>;
  readonly deno: string;
  readonly bun: string;
  /** Static, to make base images of. */
  readonly busybox: Readonly<Record<"amd64" | "arm64", string>>;
  /** Directories for PATH of the engines. */
  readonly binDirectories: readonly string[];
}

/** Which packages of npm hold Deno and Bun for this machine; Bun's is the one for processors of any age. */
export function testRuntimePackages(): Readonly<Record<"deno" | "bun", string>> {
  return process.arch === "arm64"
    ? { deno: "@deno/linux-arm64-glibc", bun: "@oven/bun-linux-aarch64" }
    : { deno: "@deno/linux-x64-glibc", bun: "@oven/bun-linux-x64-baseline" };
}

/** The programs; throws where they were not installed. */
export function testTools(): TestTools {
  const directories = testToolDirectories();
  const go = join(directories.go, "bin");
  const distribution = join(directories.distribution, "bin");
  const docker = join(directories.docker, "bin");
  for (const bin of [go, distribution, docker]) {
    if (!existsSync(bin)) throw new Error(`${bin} is missing: run \`node test/engines/install.mjs\` first.`);
  }
  return Object.freeze({
    buildctl: join(go, "buildctl"),
    crane: join(go, "crane"),
    skopeo: join(distribution, "skopeo"),
    umoci: join(distribution, "umoci"),
    podman: join(distribution, "podman"),
    conmon: join(distribution, "conmon"),
    runc: join(distribution, "runc"),
    docker: join(docker, "docker"),
    buildx: join(docker, "docker-buildx"),
    dockerRegistry: join(distribution, "docker-registry"),
    emulators: {
      s3: join(directories.emulators, "node_modules/s3rver/bin/s3rver.js"),
      azblob: join(directories.emulators, "node_modules/azurite/dist/src/blob/main.js"),
    },
    deno: join(directories.runtimes, "node_modules", testRuntimePackages().deno, "deno"),
    bun: join(directories.runtimes, "node_modules", testRuntimePackages().bun, "bin/bun"),
    busybox: {
      amd64: join(directories.distribution, "busybox/amd64/busybox"),
      arm64: join(directories.distribution, "busybox/arm64/busybox"),
    },
    binDirectories: [go, docker, distribution],
  });
}
