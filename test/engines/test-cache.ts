import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Where programs for tests are kept, outside of the checkout, so that a second clone finds them. */
export function testCacheDirectory(): string {
  const base =
    process.env.KITSMITH_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "kitsmith-test");
  return base;
}

/** Each kind of program lies in a directory that is named after what it is made from. */
export interface TestToolDirectories {
  /** buildkitd, buildctl, crane. */
  readonly go: string;
  /** runc, iptables, docker-registry, skopeo, umoci, podman, emulators, busybox: of the machine's own suite. */
  readonly distribution: string;
  /** dockerd, containerd, docker and buildx. */
  readonly docker: string;
  /** Deno and Bun. */
  readonly runtimes: string;
  /** Emulators of object stores, from the package registry. */
  readonly emulators: string;
}

/** Other runtimes that kitsmith works on. */
export const RUNTIME_VERSIONS = { deno: "2.9.6", bun: "1.4.5" } as const;

/** Raise it when what is installed changes. */
const LAYOUT_VERSION = 5;

/** The directories of this checkout's versions. */
export function testToolDirectories(): TestToolDirectories {
  const cache = testCacheDirectory();
  const modules = readFileSync(new URL("go/go.sum", import.meta.url));
  const emulators = readFileSync(new URL("emulators/package-lock.json", import.meta.url));
  const release = readFileSync("/etc/os-release");
  const machine = `${createHash("sha256").update(release).digest("hex").slice(0, 8)}-${process.arch}-v${LAYOUT_VERSION}`;
  return {
    go: join(cache, `go-${createHash("sha256").update(modules).digest("hex").slice(0, 12)}-${process.arch}`),
    distribution: join(cache, `distribution-${machine}`),
    docker: join(cache, `docker-${machine}`),
    runtimes: join(cache, `deno-${RUNTIME_VERSIONS.deno}-bun-${RUNTIME_VERSIONS.bun}-${process.arch}`),
    emulators: join(cache, `emulators-${createHash("sha256").update(emulators).digest("hex").slice(0, 12)}`),
  };
}
