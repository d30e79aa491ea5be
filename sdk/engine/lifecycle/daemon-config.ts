/** What engines are told about registries. */
export interface RegistryAccess {
  /** Registries to be reached by http. Those on the loopback addresses need not be named. */
  readonly registries?: readonly string[];
  /**
   * Addresses that are asked before a registry, by its host: `{ "docker.io": ["127.0.0.1:5000"] }`. They may be URLs, with a
   * path that goes before the repository.
   */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>;
  /** Files with certificates of authorities to trust besides the machine's, PEM. */
  readonly certificateFiles?: readonly string[];
}

/** Where a daemon keeps its things; all of them lie in one directory. */
export interface DaemonPaths {
  readonly root: string;
  readonly runtime: string;
  readonly socket: string;
  readonly pidFile: string;
}

/**
 * The configuration file of buildkitd.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/docs/buildkitd.toml.md
 */
export function formatBuildkitdConfig(paths: DaemonPaths, access: RegistryAccess): string {
  const lines = [
    `root = ${quote(paths.root)}`,
    'insecure-entitlements = ["network.host"]',
    "[grpc]",
    `address = [${quote(`unix://${paths.socket}`)}]`,
    "[worker.oci]",
    "enabled = true",
    // The network of the machine: nothing of its configuration is changed.
    'networkMode = "host"',
    "[worker.containerd]",
    "enabled = false",
  ];
  const plain = new Set(plainHosts(access));
  const secure = new Set(secureLoopbackMirrors(access));
  for (const host of [...new Set([...plain, ...secure, ...Object.keys(access.mirrors ?? {})])].sort()) {
    const mirrors = access.mirrors?.[host]?.map((mirror) => parseMirror(mirror).address);
    lines.push(`[registry.${quote(host)}]`);
    if (mirrors !== undefined) lines.push(`mirrors = [${mirrors.map(quote).join(", ")}]`);
    if (plain.has(host)) lines.push("http = true", "insecure = true");
    else if (secure.has(host)) lines.push("http = false");
  }
  return `${lines.join("\n")}\n`;
}

/**
 * The configuration file of dockerd. The machine's network, its firewall and its system-wide docker stay as they are.
 * It knows mirrors of docker.io alone. `settings` replace what stands here.
 */
export function formatDockerdConfig(
  paths: DaemonPaths,
  access: RegistryAccess,
  settings: Readonly<Record<string, unknown>> = {},
): string {
  const plain = plainHosts(access);
  const mirrors = access.mirrors?.["docker.io"] ?? [];
  const config = {
    features: { "containerd-snapshotter": true },
    "data-root": paths.root,
    "exec-root": paths.runtime,
    pidfile: paths.pidFile,
    hosts: [`unix://${paths.socket}`],
    bridge: "none",
    iptables: false,
    ip6tables: false,
    "ip-forward": false,
    "ip-masq": false,
    "userland-proxy": false,
    "insecure-registries": plain,
    "registry-mirrors": mirrors.map((mirror) => {
      const { host, address, isPlain } = parseMirror(mirror);
      return `${isPlain || plain.includes(host) ? "http" : "https"}://${address}`;
    }),
  };
  return `${JSON.stringify({ ...config, ...settings }, undefined, 2)}\n`;
}

/** Hosts that are reached by http: those named, mirrors whose address says so, and mirrors on this machine. */
function plainHosts(access: RegistryAccess): readonly string[] {
  const mirrors = Object.values(access.mirrors ?? {})
    .flat()
    .map(parseMirror);
  const plain = mirrors.filter(({ isPlain }) => isPlain).map(({ host }) => host);
  return [...new Set([...(access.registries ?? []), ...plain])].sort();
}

/** Mirrors on this machine that speak TLS: BuildKit would not think so. */
function secureLoopbackMirrors(access: RegistryAccess): readonly string[] {
  const mirrors = Object.values(access.mirrors ?? {})
    .flat()
    .map(parseMirror);
  return mirrors.filter(({ host, isPlain }) => !isPlain && isLoopbackHost(host)).map(({ host }) => host);
}

/** A mirror's address without its scheme. Without one, this machine is reached by http, all else by https. */
function parseMirror(text: string): { readonly host: string; readonly address: string; readonly isPlain: boolean } {
  const [, scheme, address = text] = /^(https?):\/\/(.*)$/.exec(text) ?? [];
  const host = address.split("/")[0] ?? address;
  return { host, address, isPlain: scheme === undefined ? isLoopbackHost(host) : scheme === "http" };
}

/** True for the names of this machine itself, with or without a port. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
}

// A JSON string is a TOML basic string too.
function quote(text: string): string {
  return JSON.stringify(text);
}
