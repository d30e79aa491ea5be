import { BUILDER_CONTAINER_FLAGS, BUILDERS_FLAG } from "./builders.ts";
import type { Flags } from "./command.ts";
import { PACKAGE_FLAGS } from "./package-flags.ts";
import { PROGRESS_FLAG } from "./progress-flag.ts";

/** Flags of `pkg build` and `pkg push`, as the LinuxKit CLI has them, and ours. */
export const BUILD_FLAGS: Flags = {
  ...PACKAGE_FLAGS,
  platforms: { kind: "text", value: "OS/ARCH,…", help: "build these platforms in place of the package's own" },
  "skip-platforms": { kind: "text", value: "OS/ARCH,…", help: "leave out these of the package's platforms" },
  force: { kind: "boolean", help: "build whatever exists already" },
  pull: { kind: "boolean", help: "fetch to the cache what is only in the registry" },
  push: { kind: "boolean", help: "push after building" },
  nobuild: { kind: "boolean", help: "with --push: push what the cache holds, and build nothing" },
  manifest: {
    kind: "boolean",
    help: "with --push: give each architecture's image a tag of its own; the index is pushed in any case",
    default: "true",
  },
  release: {
    kind: "text",
    value: "TAG",
    help: "with --push: publish under this tag, too; by default under git's tags of the commit",
  },
  docker: { kind: "boolean", help: "load the images into docker, too" },
  dockerfile: {
    kind: "text",
    value: "FILE",
    help: "Dockerfile in the package's directory, in place of the package's own",
  },
  "build-arg-file": { kind: "list", value: "FILE", help: "build arguments, NAME=VALUE on each line" },
  ssh: { kind: "list", value: "default|ID[=SOCKET|KEY,…]", help: "ssh agent, or private keys, for build steps" },
  "cache-from": {
    kind: "list",
    value: "REF|type=T,NAME=VALUE,…",
    help: "where results of steps may be found: registry, local, gha, s3, azblob, as with docker buildx; names get -PACKAGE-ARCH unless exact=true",
  },
  "cache-to": {
    kind: "list",
    value: "REF|type=T,NAME=VALUE,…",
    help: "where results of steps go: the same, and inline; keys of stores come from the environment",
  },
  ...BUILDERS_FLAG,
  "sbom-scanner": {
    kind: "text",
    value: "IMAGE|false",
    help: "image that makes the bill of materials of what is built; false makes none",
    default: "BuildKit's own",
  },
  "dry-run": { kind: "boolean", help: "print what would be built as docker commands, and build nothing" },
  "keep-going": { kind: "boolean", help: "go on with the other packages when one fails" },
  "no-emulation": { kind: "boolean", help: "refuse to run steps under emulation" },
  ...PROGRESS_FLAG,
  image: { kind: "boolean", help: "", hidden: true },
  ...BUILDER_CONTAINER_FLAGS,
  "precache-images": { kind: "boolean", help: "pull base images to the OCI cache that it lacks, and build from there" },
  "ignore-cached": { kind: "boolean", help: "do not take base images from the OCI cache" },
};
