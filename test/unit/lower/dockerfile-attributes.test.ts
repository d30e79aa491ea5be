import { describe, expect, test } from "vitest";
import { parsePlatform } from "../../../sdk/core/platform.ts";
import { lowerStep } from "../../../sdk/lower/lowering.ts";
import {
  createPackage,
  createRemotePackage,
  type PackageInit,
  type RemotePackageInit,
} from "../../../sdk/pkg/create-package.ts";
import type { DockerfileOptions } from "../../../sdk/pkg/dockerfile-options.ts";
import type { Package } from "../../../sdk/pkg/package.ts";

function requestOf(init: Partial<PackageInit>, labels: Readonly<Record<string, string>> = {}) {
  return requestFor(createPackage({ directory: "/src/init", org: "acme", image: "init", ...init }), labels);
}

function requestFor(pkg: Package, labels: Readonly<Record<string, string>> = {}) {
  return lowerStep({
    title: "acme/init linux/arm64",
    package: pkg,
    platform: parsePlatform("linux/arm64"),
    buildPlatform: parsePlatform("linux/amd64"),
    buildArgs: Object.fromEntries(pkg.buildArgs.map(({ name, value }) => [name, value])),
    labels: { ...pkg.labels, ...labels },
    sandboxNetwork: "sandbox",
  });
}

function attributesOf(init: Partial<PackageInit>, labels?: Readonly<Record<string, string>>) {
  const { input } = requestOf(init, labels);
  if (input.kind !== "frontend") throw new Error("a Dockerfile goes to a frontend");
  return input.options;
}

const dockerfile = (options: DockerfileOptions): Partial<PackageInit> => ({ dockerfileOptions: options });

/** Each attribute that the Dockerfile frontend knows: what sets it, and to what. */
const SET: readonly (readonly [string, Partial<PackageInit>, string])[] = [
  ["filename", { dockerfile: "sub/Dockerfile" }, "sub/Dockerfile"],
  ["target", { target: "out" }, "out"],
  ["platform", {}, "linux/arm64"],
  ["build-arg:CHANNEL", { buildArgs: { CHANNEL: "stable" } }, "stable"],
  ["build-arg:SOURCE_DATE_EPOCH", { buildArgs: { SOURCE_DATE_EPOCH: "7" } }, "7"],
  ["build-arg:BUILDKIT_ATTEST_SBOM", { buildArgs: { BUILDKIT_ATTEST_SBOM: "true" } }, "true"],
  ["build-arg:HTTP_PROXY", { buildArgs: { HTTP_PROXY: "http://proxy.example" } }, "http://proxy.example"],
  ["build-arg:BUILDKIT_SYNTAX", dockerfile({ syntax: "acme/frontend:1" }), "acme/frontend:1"],
  ["build-arg:BUILDKIT_DOCKERFILE_CHECK", dockerfile({ check: "skip=all" }), "skip=all"],
  ["build-arg:BUILDKIT_CACHE_MOUNT_NS", dockerfile({ cacheMountNamespace: "acme" }), "acme"],
  ["build-arg:BUILDKIT_CONTEXT_KEEP_GIT_DIR", dockerfile({ keepGitDir: true }), "true"],
  ["build-arg:BUILDKIT_GIT_ADVICE", dockerfile({ gitAdvice: true }), "true"],
  ["label:a", { labels: { a: "b" } }, "b"],
  ["no-cache", { disableCache: true }, ""],
  ["no-cache", dockerfile({ noCacheFilter: ["build", "test"] }), "build,test"],
  ["no-cache", { disableCache: true, dockerfileOptions: { noCacheFilter: ["build"] } }, ""],
  ["image-resolve-mode", dockerfile({ resolveMode: "pull" }), "pull"],
  ["force-network-mode", {}, "none"],
  ["force-network-mode", { network: true }, "sandbox"],
  ["force-network-mode", dockerfile({ network: "host" }), "host"],
  ["add-hosts", dockerfile({ hosts: { one: "10.0.0.1", two: "fe80::1" } }), "one=10.0.0.1,two=fe80::1"],
  ["hostname", dockerfile({ hostname: "builder" }), "builder"],
  ["shm-size", dockerfile({ shmSizeBytes: 2 ** 30 }), "1073741824"],
  ["ulimit", dockerfile({ ulimits: { nofile: { soft: 1, hard: 2n }, core: -1 } }), "nofile=1:2,core=-1:-1"],
  ["cgroup-parent", dockerfile({ cgroupParent: "/builds" }), "/builds"],
  ["memory", dockerfile({ resources: { memoryBytes: 2n ** 40n } }), "1099511627776"],
  ["memswap", dockerfile({ resources: { memorySwapBytes: -1 } }), "-1"],
  ["cpushares", dockerfile({ resources: { cpuShares: 512 } }), "512"],
  ["cpuperiod", dockerfile({ resources: { cpuPeriodUs: 100_000 } }), "100000"],
  ["cpuquota", dockerfile({ resources: { cpuQuotaUs: 50_000 } }), "50000"],
  ["cpusetcpus", dockerfile({ resources: { cpusetCpus: "0-1" } }), "0-1"],
  ["cpusetmems", dockerfile({ resources: { cpusetMems: "0" } }), "0"],
  ["source", { frontend: "acme/frontend:1" }, "acme/frontend:1"],
  ["cmdline", { frontend: { image: "acme/frontend:1" } }, "acme/frontend:1"],
  ["message", { frontend: { image: "acme/frontend:1", options: { message: "hello" } } }, "hello"],
];

const REMOTE: readonly (readonly [string, RemotePackageInit, Readonly<Record<string, string>>])[] = [
  ["a git repository", { context: "git@host:x#v1:dir", image: "x" }, { context: "git@host:x#v1:dir" }],
  [
    "an archive",
    { context: "http://host/x.tar", image: "x" },
    { context: "http://host/x.tar", filename: "Dockerfile" },
  ],
  [
    "a directory in an archive",
    { context: "http://host/x.tar", contextSubdirectory: "dir", image: "x" },
    { context: "http://host/x.tar", contextsubdir: "dir", filename: "dir/Dockerfile" },
  ],
];

/** Those that nobody sets for a package: why. */
const UNSET: Readonly<Record<string, string>> = {
  "multi-platform": "every platform is a build of its own; its images are joined by the index",
  "cache-from": "replaced by cache-imports",
  "local-sessionid": "a build has one session",
  "sharedkey:localdir": "local sources are named after their directories",
};

describe("attributes of the Dockerfile frontend", () => {
  test.each(SET)("%s", (name, init, value) => {
    expect(attributesOf(init)[name]).toBe(value);
  });

  test.each(REMOTE)("%s as context is fetched by the engine: nothing is served", (_, init, attributes) => {
    const { input, locals } = requestFor(createRemotePackage(init));
    expect(input).toMatchObject({ options: attributes });
    expect(input).not.toHaveProperty("options.contextkey");
    expect(input).not.toHaveProperty("options.dockerfilekey");
    expect(locals).toEqual([]);
  });

  test("nothing is said that was not asked for", () => {
    const names = Object.keys(attributesOf({ dockerfileOptions: {} }));
    expect(names.toSorted()).toEqual(["contextkey", "dockerfilekey", "filename", "force-network-mode", "platform"]);
    for (const name of Object.keys(UNSET)) expect(names).not.toContain(name);
  });

  test("the revision is told for provenance, where the labels have it", () => {
    const labels = {
      "org.opencontainers.image.source": "https://example.com",
      "org.opencontainers.image.revision": "c0",
    };
    expect(attributesOf({}, labels)).toMatchObject({ "vcs:source": "https://example.com", "vcs:revision": "c0" });
  });

  test("a frontend in an image is run by the gateway, over the same directories", () => {
    const { input, locals } = requestOf({ frontend: { image: "acme/frontend:1", options: { filename: "x.yml" } } });
    expect(input).toMatchObject({ frontend: "gateway.v0", options: { filename: "x.yml" } });
    expect(locals).toHaveLength(2);
  });

  test("what needs an engine's leave is asked for", () => {
    expect(requestOf({}).entitlements).toEqual([]);
    expect(requestOf(dockerfile({ network: "host" })).entitlements).toEqual(["network.host"]);
    const allow = ["network.host", "security.insecure"] as const;
    expect(requestOf(dockerfile({ network: "host", allow })).entitlements).toEqual(allow);
  });

  test.each<DockerfileOptions>([
    { hosts: { one: "nowhere" } },
    { hosts: { "a=b": "10.0.0.1" } },
    { ulimits: { "nofile,core": 1 } },
    { ulimits: { nofile: 1.5 } },
    { ulimits: { nofile: -2 } },
    { shmSizeBytes: 0 },
    { resources: { memoryBytes: 0 } },
    { resources: { cpuShares: -1 } },
    { resources: { cpusetCpus: "all" } },
    { noCacheFilter: ["a,b"] },
    { noCacheFilter: [""] },
  ])("%o is refused", (options) => {
    expect(() => attributesOf(dockerfile(options))).toThrowError(
      expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
    );
  });

  test.each([
    ["source", "INPUT_OPTION_INVALID"],
    ["platform", "INPUT_OPTION_INVALID"],
    ["", "INPUT_OPTION_INVALID"],
  ])("a frontend's option %s is the build's own", (name, code) => {
    const frontend = { image: "acme/frontend:1", options: { [name]: "x" } };
    expect(() => attributesOf({ frontend })).toThrowError(expect.objectContaining({ code }));
  });

  test("a frontend needs an image's reference", () => {
    expect(() => attributesOf({ frontend: "Not An Image" })).toThrowError(
      expect.objectContaining({ code: "INPUT_REFERENCE_INVALID" }),
    );
  });
});
