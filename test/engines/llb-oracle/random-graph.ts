import type {
  ActionDescription,
  Constraints,
  GraphDescription,
  GraphNode,
  MountDescription,
  RunDescription,
  SourceDescription,
} from "./graph.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/riscv64", "linux/amd64/v3"];
const TEXTS = ["a", "b b", "é", "日本", "\u{1f600}", "\uffee", "<&>", "x".repeat(200), "\u2028", "=", "$HOME", '\n\t"'];
const NAMES = ["A", "B", "PATH", "SSH_AUTH_SOCK", "Z_9"];
const PATHS = ["/", "/a", "/a/b/", "b", "./c", "c/.", "/d//e", "日本/x", "."];
const FILES = ["/a", "/a/b/", "b", "./c", "/d//e", "日本/x"];

/** A random graph; the same seed gives the same one. */
export function randomGraph(seed: number): GraphDescription {
  return new GraphMaker(seed).make();
}

/** Which kinds of states there are so far. */
interface Made {
  readonly scratch: boolean;
  /** Destinations of mounts that have results. */
  readonly mounts: readonly string[];
  /**
   * Whether the platform was set after the files were made. Go's client forgets such a platform in a run that
   * cannot write to its root; here it stays. Such runs are not made.
   */
  readonly replatformed: boolean;
}

const SCRATCH: Made = { scratch: true, mounts: [], replatformed: false };

class GraphMaker {
  #state: number;
  readonly #nodes: GraphNode[] = [];
  readonly #made: Made[] = [];

  constructor(seed: number) {
    this.#state = seed;
  }

  make(): GraphDescription {
    this.#add({ op: "source", source: { kind: "scratch" } }, SCRATCH);
    const sources = 1 + this.#below(4);
    for (let count = 0; count < sources; count++) this.#addSource();
    const steps = 3 + this.#below(25);
    for (let count = 0; count < steps; count++) this.#addStep();
    return { platform: this.#pick(PLATFORMS), requires: this.#maybe(0.1) ? ["w=1"] : [], nodes: this.#nodes };
  }

  #add(node: GraphNode, made: Made): void {
    this.#nodes.push(node);
    this.#made.push(made);
  }

  #addSource(): void {
    const constraints = this.#constraints();
    const source = this.#source();
    this.#add({ op: "source", source, ...(constraints && { constraints }) }, { ...SCRATCH, scratch: false });
  }

  #addStep(): void {
    const base = this.#any();
    const constraints = this.#constraints();
    const extra = constraints && { constraints };
    const from = this.#made[base] ?? SCRATCH;
    const kept = { ...from, mounts: [] };
    const mount = this.#pickMount();
    const solid = { ...kept, scratch: false };
    const choice = this.#below(18);
    if (choice < 6) this.#addRun(base, from);
    else if (choice < 10) this.#add({ op: "file", base, actions: this.#actions(from.scratch), ...extra }, solid);
    else if (choice === 10 && mount !== undefined)
      this.#add({ op: "mount", ...mount }, { ...solid, replatformed: true });
    else if (choice === 11) this.#addMerge(extra);
    else if (choice === 12) this.#addDiff(base, extra);
    else if (choice === 13 && !from.scratch) {
      this.#add({ op: "build", base, ...(this.#maybe(0.5) ? { name: "f.llb" } : {}), ...extra }, solid);
    } else if (choice === 14 && !from.scratch) {
      const inputs = [base, this.#any(), this.#any()];
      const outputs = [true, this.#maybe(0.5), false];
      this.#add({ op: "passthrough", id: this.#pick(["p", "q"]), inputs, outputs, index: 0, ...extra }, solid);
    } else {
      const node = this.#setting(base);
      this.#add(node, { ...kept, replatformed: kept.replatformed || node.op === "platform" });
    }
  }

  #addMerge(extra: { constraints?: Constraints } | undefined): void {
    const inputs = Array.from({ length: 1 + this.#below(4) }, () => this.#any());
    const scratch = inputs.every((input) => this.#made[input]?.scratch === true);
    this.#add({ op: "merge", inputs, ...extra }, { scratch, mounts: [], replatformed: true });
  }

  #addDiff(base: number, extra: { constraints?: Constraints } | undefined): void {
    const other = this.#any();
    const scratch = this.#made[base]?.scratch === true && this.#made[other]?.scratch === true;
    this.#add({ op: "diff", base, other, ...extra }, { scratch, mounts: [], replatformed: true });
  }

  #addRun(base: number, from: Made): void {
    const constraints = this.#constraints();
    const run = this.#run(!from.replatformed);
    const mounts = run.mounts.filter((mount) => mount.kind === "bind" && !mount.readonly && !mount.discard);
    this.#add(
      { op: "run", base, run, ...(constraints && { constraints }) },
      { ...from, scratch: from.scratch && run.readonlyRoot === true, mounts: mounts.map(({ dest }) => dest) },
    );
  }

  #run(mayBeReadonly: boolean): RunDescription {
    return {
      args: ["/bin/cmd", ...this.#list(TEXTS)],
      ...(this.#maybe(0.3)
        ? { env: [...new Map(this.#list(NAMES).map((name) => [name, this.#pick(TEXTS)] as const))] }
        : {}),
      ...(this.#maybe(0.2) ? { cwd: this.#pick(PATHS) } : {}),
      ...(this.#maybe(0.2) ? { user: this.#pick(["root", "1000:1000"]) } : {}),
      ...(this.#maybe(0.1) ? { hostname: "host" } : {}),
      ...(this.#maybe(0.2) ? { network: this.#pick(["sandbox", "host", "none"] as const) } : {}),
      ...(this.#maybe(0.1) ? { security: this.#pick(["sandbox", "insecure"] as const) } : {}),
      ...(this.#maybe(0.1) ? { cgroupParent: "parent" } : {}),
      ...(mayBeReadonly && this.#maybe(0.1) ? { readonlyRoot: true } : {}),
      ...(this.#maybe(0.1) ? { validExitCodes: [0, 1, 255] } : {}),
      ...(this.#maybe(0.1)
        ? {
            extraHosts: [
              ["one", "10.0.0.1"],
              ["two", "fd00::1"],
            ] as const,
          }
        : {}),
      ...(this.#maybe(0.1) ? { ulimits: [{ name: "nofile", soft: "1024", hard: "-1" }] } : {}),
      ...(this.#maybe(0.1) ? { proxy: { http: "http://p", no: "localhost" } } : {}),
      ...(this.#maybe(0.1) ? { secretEnv: [{ name: "TOKEN", id: "t", optional: this.#maybe(0.5) }] } : {}),
      ...(this.#maybe(0.1) ? { devices: [{ name: "vendor.com/gpu=0", optional: this.#maybe(0.5) }] } : {}),
      ...(this.#maybe(0.1)
        ? { resources: { memory: "1048576", cpuQuota: "-1", cpuShares: "9007199254740993", cpusetCpus: "0-1" } }
        : {}),
      mounts: this.#mounts(),
    };
  }

  #mounts(): MountDescription[] {
    const dests = ["/m", "/m/n", "/M", "/日本", "/\u{1f600}", "/\uffee"].filter(() => this.#maybe(0.25));
    return dests.map((dest) => this.#mount(dest));
  }

  #mount(dest: string): MountDescription {
    const kind = this.#pick(["bind", "bind", "cache", "tmpfs", "secret", "ssh"] as const);
    const secret = { id: "i", uid: this.#below(2), gid: this.#below(2), mode: 0o440, optional: this.#maybe(0.5) };
    const source = { state: this.#any(), ...(this.#maybe(0.3) ? { path: "/sub/x" } : {}) };
    if (kind === "secret" || kind === "ssh") return { kind, dest, ...secret };
    if (kind === "tmpfs") return { kind, dest, size: this.#pick(["0", "65536", "9223372036854775807"]) };
    if (kind === "cache") {
      const sharing = this.#pick(["shared", "private", "locked"] as const);
      return { kind, dest, id: "c", sharing, readonly: this.#maybe(0.2), ...source };
    }
    const contentCache = this.#pick(["default", "on", "off"] as const);
    return { kind, dest, readonly: this.#maybe(0.3), discard: this.#maybe(0.2), contentCache, ...source };
  }

  #actions(scratch: boolean): ActionDescription[] {
    return Array.from({ length: 1 + this.#below(4) }, () => this.#action(scratch));
  }

  #action(scratch: boolean): ActionDescription {
    const owners = scratch ? ["0:0", "1000", "root:5"] : ["0:0", "1000", "me", "me:us", "root:us"];
    const common = {
      path: this.#pick(FILES),
      ...(this.#maybe(0.3) ? { owner: this.#pick(owners) } : {}),
      ...(this.#maybe(0.3) ? { createdAtMs: this.#pick([0, 1, 1_700_000_000_123, -1000]) } : {}),
    };
    const mode = this.#pick([0, 0o644, 0o755]);
    switch (this.#below(6)) {
      case 0:
        return { kind: "mkdir", ...common, mode, parents: this.#maybe(0.5) };
      case 1:
        return { kind: "mkfile", ...common, mode, data: this.#pick(["", ...TEXTS]) };
      case 2:
        return { kind: "symlink", ...common, path: "/link//x", target: this.#pick(["../t", "/t"]) };
      case 3:
        return { kind: "rm", path: common.path, allowNotFound: this.#maybe(0.5), wildcard: this.#maybe(0.5) };
      default:
        return { ...this.#copy(), ...common, path: this.#pick(PATHS) };
    }
  }

  #copy(): ActionDescription {
    return {
      kind: "copy",
      path: "",
      state: this.#any(),
      src: this.#pick(PATHS),
      followSymlinks: this.#maybe(0.5),
      contentsOnly: this.#maybe(0.5),
      createDestPath: this.#maybe(0.5),
      unpack: this.#maybe(0.2),
      wildcard: this.#maybe(0.2),
      allowEmptyWildcard: this.#maybe(0.2),
      replaceExisting: this.#maybe(0.2),
      ...(this.#maybe(0.2) ? { mode: 0o700 } : {}),
      ...(this.#maybe(0.2) ? { modeText: "u+x" } : {}),
      ...(this.#maybe(0.2) ? { include: this.#list(TEXTS) } : {}),
      ...(this.#maybe(0.2) ? { exclude: this.#list(TEXTS) } : {}),
      ...(this.#maybe(0.1) ? { requiredPaths: ["r"] } : {}),
    };
  }

  #setting(base: number): GraphNode {
    const value = this.#pick(TEXTS);
    switch (this.#below(10)) {
      case 0:
        return { op: "dir", base, value: this.#pick(PATHS) };
      case 1:
        return { op: "user", base, value };
      case 2:
        return { op: "hostname", base, value };
      case 3:
        return { op: "cgroupParent", base, value };
      case 4:
        return { op: "platform", base, value: this.#pick(PLATFORMS) };
      case 5:
        return { op: "network", base, value: this.#pick(["sandbox", "host", "none"]) };
      case 6:
        return { op: "security", base, value: this.#pick(["sandbox", "insecure"]) };
      case 7:
        return { op: "ulimit", base, name: this.#pick(["nofile", "core"]), soft: "0", hard: "9223372036854775807" };
      default:
        return { op: "env", base, name: this.#pick(NAMES), value };
    }
  }

  #source(): SourceDescription {
    const file = { mode: this.#pick([0, 0o644]), uid: this.#below(2), gid: this.#below(3) };
    const store = this.#some({ sessionId: "s", storeId: "st" });
    const filename = this.#some({ filename: "file" });
    switch (this.#below(9)) {
      case 0:
        return { kind: "local", ref: this.#pick(["context", "日本"]), ...this.#local() };
      case 1:
        return { kind: "git", ...this.#git() };
      case 2:
        return {
          kind: "http",
          ref: "https://example.com/f?q=1#x",
          ...file,
          texts: { ...filename, ...this.#httpTexts() },
        };
      case 3:
        return {
          kind: "ociLayout",
          ref: `store/x:1@${DIGEST}`,
          texts: store,
          ...(this.#maybe(0.3) ? { limit: 3 } : {}),
        };
      case 4:
        return { kind: "imageBlob", ref: `alpine@${DIGEST}`, ...file, texts: filename };
      case 5:
        return { kind: "ociLayoutBlob", ref: `example.com/x@${DIGEST}`, ...file, texts: { ...filename, ...store } };
      default:
        return this.#image();
    }
  }

  #image(): SourceDescription {
    const refs = [
      "alpine",
      "alpine:3.20",
      `alpine@${DIGEST}`,
      `a/b:t@${DIGEST}`,
      "localhost/x",
      "reg.example:5000/a/b_c/d-e:V1",
    ];
    return {
      kind: "image",
      ref: this.#pick([...refs, "index.docker.io/x", "docker.io/a/b", "UPPER.example/x"]),
      texts: { ...this.#some({ checksum: DIGEST }), resolveMode: this.#pick(["", "pull", "local"]) },
      flags: { internal: this.#maybe(0.2) },
      ...(this.#maybe(0.2) ? { limit: 2 } : {}),
    };
  }

  #local(): Omit<SourceDescription, "kind"> {
    return {
      texts: { sessionId: "s", ...this.#some({ sharedKeyHint: "hint", differ: this.#pick(["none", "metadata"]) }) },
      flags: { differRequired: this.#maybe(0.5), metadataOnly: this.#maybe(0.2) },
      lists: {
        ...(this.#maybe(0.3) ? { include: this.#list(TEXTS) } : {}),
        ...(this.#maybe(0.3) ? { exclude: this.#list(TEXTS) } : {}),
        ...(this.#maybe(0.3) ? { followPaths: this.#list(TEXTS) } : {}),
        exceptions: this.#list(["x", "y"]),
      },
    };
  }

  #git(): Omit<SourceDescription, "kind"> {
    const remotes = [
      "https://github.com/moby/buildkit.git",
      "git@github.com:moby/buildkit.git",
      "github.com/moby/buildkit",
    ];
    const bundle = this.#maybe(0.2) ? { bundle: `docker-image+blob://x@${DIGEST}`, checksum: "abc" } : {};
    return {
      ref: this.#pick([...remotes, "ssh://git@host:22/a/b", "git://host/a//b", "http://user@host:8080/a/"]),
      ...(this.#maybe(0.5) ? { fragment: this.#pick(["main", "v1:sub/dir", ":sub", ":/sub/", "v1:"]) } : {}),
      texts: {
        ...this.#some({ checksum: "abcdef", authTokenSecret: "tok", authHeaderSecret: "head", sshId: "id" }),
        ...this.#some({ mtime: this.#pick(["checkout", "commit"]) }),
        ...bundle,
      },
      flags: {
        keepGitDir: this.#maybe(0.3),
        skipSubmodules: this.#maybe(0.3),
        fetchByCommit: this.#maybe(0.3),
        advice: this.#maybe(0.3),
      },
    };
  }

  #httpTexts(): Record<string, string> {
    return {
      ...this.#some({ checksum: DIGEST, authHeaderSecret: "h", accept: "*/*", userAgent: "ua" }),
      ...(this.#maybe(0.2) ? { publicKey: "key", signature: "sig" } : {}),
    };
  }

  #constraints(): Constraints | undefined {
    if (this.#maybe(0.6)) return undefined;
    return {
      ...(this.#maybe(0.4) ? { platform: this.#pick(PLATFORMS) } : {}),
      ...(this.#maybe(0.3) ? { name: this.#pick(TEXTS) } : {}),
      ...(this.#maybe(0.2) ? { description: { k: this.#pick(TEXTS), j: "1" } } : {}),
      ...(this.#maybe(0.2) ? { ignoreCache: true } : {}),
      ...(this.#maybe(0.2) ? { exportCache: this.#maybe(0.5) } : {}),
      ...(this.#maybe(0.2) ? { progressGroup: { id: "g", name: "group", weak: this.#maybe(0.5) } } : {}),
      ...(this.#maybe(0.2) ? { requires: this.#list(TEXTS) } : {}),
    };
  }

  #pickMount(): { readonly base: number; readonly name: string } | undefined {
    const all = this.#made.flatMap(({ mounts }, base) => mounts.map((name) => ({ base, name })));
    return all.length === 0 ? undefined : this.#pick(all);
  }

  #any(): number {
    return this.#below(this.#nodes.length);
  }

  #some<T extends Readonly<Record<string, string>>>(texts: T): Record<string, string> {
    return Object.fromEntries(Object.entries(texts).filter(() => this.#maybe(0.4)));
  }

  #list(values: readonly string[]): string[] {
    return values.filter(() => this.#maybe(0.25));
  }

  #pick<T>(values: readonly T[]): T {
    const value = values[this.#below(values.length)];
    if (value === undefined) throw new RangeError("nothing to pick from");
    return value;
  }

  #maybe(probability: number): boolean {
    return this.#next() < probability;
  }

  #below(limit: number): number {
    return Math.floor(this.#next() * limit);
  }

  /** The generator "mulberry32": 32 bits of state, good enough to vary graphs. */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}
