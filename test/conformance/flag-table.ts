/** The flags of the LinuxKit CLI by command, the environment variables, and flags that older documents have. */
const GLOBAL = ["cache", "mirror", "cert-file", "quiet", "verbose"];
const PACKAGE = [
  ...["org", "tag", "build-yml", "hash", "hash-commit", "hash-path", "force-dirty", "dev"],
  ...["network", "nonetwork", "disable-cache", "enable-cache", "registry-creds"],
];
const BUILD = [
  ...["force", "pull", "push", "nobuild", "release", "manifest", "docker", "platforms", "skip-platforms"],
  ...["builders", "builder-name", "builder-image", "builder-config", "builder-restart", "precache-images"],
  ...["ignore-cached", "sbom-scanner", "dockerfile", "build-arg-file", "progress", "ssh", "dry-run"],
];
const BUILDER = ["builders", "builder-name", "platforms", "builder-image", "builder-config"];

/** By command of ours. */
export const LINUXKIT_FLAGS: Readonly<Record<string, readonly string[]>> = {
  "pkg build": [...GLOBAL, ...PACKAGE, ...BUILD],
  "pkg push": [...GLOBAL, ...PACKAGE, ...BUILD],
  "pkg show-tag": [...GLOBAL, ...PACKAGE, "canonical"],
  "pkg manifest": [...GLOBAL, ...PACKAGE, "release"],
  "pkg remote-tag": [...GLOBAL, ...PACKAGE, "release"],
  "pkg builder du": [...GLOBAL, ...BUILDER],
  "pkg builder prune": [...GLOBAL, ...BUILDER],
  "cache ls": GLOBAL,
  "cache rm": [...GLOBAL, "published-only"],
  "cache clean": [...GLOBAL, "published-only"],
  "cache export": [...GLOBAL, "platform", "format", "outfile", "name"],
  "cache import": GLOBAL,
  "cache pull": GLOBAL,
  "cache push": [...GLOBAL, "remote-name", "with-arch-tags", "override"],
  version: [...GLOBAL, "short", "commit"],
};

/** Flags that older documents and Makefiles give. */
export const OLD_FLAGS = ["disable-content-trust", "enable-content-trust", "sign"] as const;

/** Commands that only the LinuxKit CLI has. */
export const FOREIGN_COMMANDS = ["build", "metadata", "push", "run", "serve"] as const;
