import type { Flags } from "./command.ts";

const NOT_SIGNED = "images are not signed any more; a registry's own access rules and attestations are what there is";

/** Flags of every `pkg` command, as the LinuxKit CLI has them. */
export const PACKAGE_FLAGS: Flags = {
  org: { kind: "text", value: "ORG", help: "organisation in place of the package's own, before LINUXKIT_PKG_ORG" },
  tag: { kind: "text", value: "TEMPLATE", help: "tag template", default: "{{.Hash}}" },
  "build-yml": { kind: "text", value: "FILE", help: "name of the package file", default: "build.yml" },
  hash: { kind: "text", value: "HASH", help: "use this in place of the tree hash" },
  "hash-commit": { kind: "text", value: "COMMIT", help: "commit whose tree is hashed", default: "HEAD" },
  "hash-path": { kind: "text", value: "DIR", help: "directory to hash; the package's own by default" },
  "force-dirty": { kind: "boolean", help: "treat the package as changed" },
  dev: { kind: "boolean", help: "organisation $USER and hash `dev`" },
  network: { kind: "boolean", help: "give build steps a network" },
  nonetwork: { kind: "boolean", help: "give build steps no network" },
  "disable-cache": { kind: "boolean", help: "run every step again" },
  "enable-cache": { kind: "boolean", help: "use the engine's cache although the package disables it" },
  "registry-creds": {
    kind: "list",
    value: "REGISTRY=USER:PASSWORD,…",
    help: "credentials in place of docker's; a token alone stands for itself",
  },
  "disable-content-trust": { kind: "boolean", help: "", replaced: NOT_SIGNED },
  "enable-content-trust": { kind: "boolean", help: "", replaced: NOT_SIGNED },
  sign: { kind: "boolean", help: "", replaced: NOT_SIGNED },
};
