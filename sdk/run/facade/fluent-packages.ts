import { resolve } from "node:path";
import { deepFreeze } from "../../core/freeze.ts";
import type { PlatformText } from "../../core/platform.ts";
import type { AttestSettings } from "../../pkg/attestation.ts";
import type { HashOptions } from "../../pkg/package.ts";
import { type ReproducibleOptions, reproducibleOf } from "../../pkg/reproducible.ts";
import type { PackageSettings } from "../../pkg/settings.ts";
import { type TransitiveTag, tagSettings } from "../../pkg/transitive-tag.ts";
import type { Plan } from "../../plan/plan.ts";
import type { CheckFunction, CheckOptions } from "../build/checks.ts";
import { type CacheInputs, NO_CACHES, withCaches } from "../build-cache/settings.ts";
import { type EngineChoice, type EngineSelection, selectionOf } from "../engines/engine-selection.ts";
import type { BuildsPlan } from "../facts/planned-builds.ts";
import { type DigestPush, type DigestPushOptions, startDigestPush } from "../publishing/digest-push.ts";
import type { IndexOptions, PublishedIndex } from "../publishing/package-indexes.ts";
import type { Run } from "../run.ts";
import type { BuildOptions, ExportOptions, PushOptions, VerbOptions } from "./options.ts";
import { withDigests } from "./package-result.ts";
import type { PackageSetSpec } from "./package-spec.ts";
import type { ExportedPackage, RunResult } from "./result.ts";
import { type SecretInputs, secretSources } from "./secret-source.ts";
import { type SshInputs, sshChoices } from "./ssh-agents.ts";
import { startRun } from "./verbs.ts";

/**
 * Several packages, as an immutable value. Make one with `pkgs()`. Directories are looked up when a verb is called.
 */
export class FluentPackages {
  /** What was set, as plain frozen data. */
  readonly spec: PackageSetSpec;

  constructor(spec: PackageSetSpec) {
    this.spec = deepFreeze(spec);
    Object.freeze(this);
  }

  /** Builds exactly these platforms, in place of those that each package names. */
  platforms(...platforms: readonly PlatformText[]): FluentPackages {
    return this.#with({ platforms });
  }

  /** Builds these platforms, whether or not a package names them, as LinuxKit's `--platforms` does. */
  declarePlatforms(...declaredPlatforms: readonly PlatformText[]): FluentPackages {
    return this.#with({ declaredPlatforms });
  }

  /** Leaves out these of the platforms that each package names. */
  skipPlatforms(...skippedPlatforms: readonly PlatformText[]): FluentPackages {
    return this.#with({ skippedPlatforms });
  }

  /** Sets the Dockerfile of every package, relative to its directory. */
  dockerfile(dockerfile: string): FluentPackages {
    return this.#with({ dockerfile });
  }

  /** Reads build arguments from files, `NAME=VALUE` on each line, over each package's own; `@lkt:` sources count from the file. */
  buildArgFiles(...files: readonly string[]): FluentPackages {
    return this.#with({ buildArgFiles: files.map((file) => resolve(file)) });
  }

  /** Sets build arguments for every package. */
  buildArgs(args: Readonly<Record<string, string>>): FluentPackages {
    return this.#with({ buildArgs: { ...this.spec.overrides.buildArgs, ...args } });
  }

  /** Sets the organisation of every package. It may hold a registry host, such as `127.0.0.1:5000/acme`. */
  org(org: string): FluentPackages {
    return this.#with({ org });
  }

  /** Sets the tag template of every package. */
  tag(template: string | TransitiveTag): FluentPackages {
    return this.#with(tagSettings(template));
  }

  /** Adds image labels to every package. */
  labels(labels: Readonly<Record<string, string>>): FluentPackages {
    return this.#with({ labels: { ...this.spec.overrides.labels, ...labels } });
  }

  /** Adds annotations to every package's images; a key may say where, as with `pkg().annotations()`. */
  annotations(annotations: Readonly<Record<string, string>>): FluentPackages {
    return this.#with({ annotations: { ...this.spec.overrides.annotations, ...annotations } });
  }

  /** Asks engines to attest how every package's images came to be. @throws InputError `INPUT_OPTION_INVALID` when they are built */
  attest(attest: AttestSettings): FluentPackages {
    return this.#with({ attest: { ...this.spec.overrides.attest, ...attest } });
  }

  /** Makes equal inputs of every package give equal bytes. @throws InputError `INPUT_OPTION_INVALID` */
  reproducible(options: ReproducibleOptions = {}): FluentPackages {
    return this.#with({ reproducible: reproducibleOf(options) });
  }

  /** Whether steps have a network, for every package. */
  network(network = true): FluentPackages {
    return this.#with({ network });
  }

  /** Whether every step runs again. */
  noCache(noCache = true): FluentPackages {
    return this.#with({ disableCache: noCache });
  }

  /** Which commit, directory or text the tags are made from. */
  hash(hash: HashOptions): FluentPackages {
    return this.#with({ hash: { ...this.spec.overrides.hash, ...hash } });
  }

  /** Names the engines, as `engines(…)` gives them, or one engine by address for all platforms. */
  engines(selection: EngineSelection | EngineChoice | string): FluentPackages {
    return new FluentPackages({ ...this.spec, engines: selectionOf(selection) });
  }

  /** Lets build steps of every package ask for secrets, as `secrets` of one package does. A package's own come first. */
  secrets(secrets: SecretInputs): FluentPackages {
    return new FluentPackages({ ...this.spec, secrets: { ...this.spec.secrets, ...secretSources(secrets) } });
  }

  /** Lets build steps of every package talk to ssh agents, as `ssh` of one package does. A package's own come first. */
  ssh(agents: SshInputs = { default: {} }): FluentPackages {
    return new FluentPackages({ ...this.spec, ssh: { ...this.spec.ssh, ...sshChoices(agents) } });
  }

  /** Uses caches for every package, as `cache` of one package does; names hold the package's, too: `-init-amd64`. */
  cache(caches: CacheInputs): FluentPackages {
    return new FluentPackages({ ...this.spec, caches: withCaches(this.spec.caches ?? NO_CACHES, caches) });
  }

  /** Looks into every image that is built, as `check` of one package does, after the package's own checks. */
  check(name: string, run: CheckFunction, { always = false }: CheckOptions = {}): FluentPackages {
    return new FluentPackages({ ...this.spec, checks: [...this.spec.checks, { name, run, always }] });
  }

  /** Goes on with the other packages when one fails; the run then resolves, with an outcome for each node. */
  keepGoing(keepGoing = true): FluentPackages {
    return new FluentPackages({ ...this.spec, keepGoing });
  }

  /** The references that the packages have now, in order. */
  async tags(options: VerbOptions = {}): Promise<readonly string[]> {
    const { tagPackageSet } = await import("../tagging/tagging.ts");
    return (await tagPackageSet(this.spec, options)).map((tagged) => tagged.shortReference);
  }

  /** What a push would do for each package and platform, and why. */
  async plan(options: VerbOptions = {}): Promise<Plan> {
    const { planPackageSet } = await import("../planning.ts");
    return await planPackageSet(this.spec, options);
  }

  /** What `build()` would build, and from what; no engine is asked. */
  async builds(options: BuildOptions = {}): Promise<BuildsPlan> {
    const { planBuilds } = await import("../facts/planned-builds.ts");
    return await planBuilds(this.spec, options);
  }

  /** Builds what is missing and puts it into the OCI cache. */
  build(options: BuildOptions = {}): Run<RunResult> {
    return startRun({ verb: "build", set: this.spec, options }, withDigests);
  }

  /** Builds what is missing, pushes by digest, and moves the tags of each package whose platforms all succeeded. */
  push(options: PushOptions = {}): Run<RunResult> {
    return startRun({ verb: "push", set: this.spec, options }, withDigests);
  }

  /**
   * Puts the images that the registry has under each package's tags of single architectures into one index: for machines
   * that each pushed their own.
   */
  async publishIndexes(options: IndexOptions = {}): Promise<readonly PublishedIndex[]> {
    const { publishPackageIndexes } = await import("../publishing/package-indexes.ts");
    return await publishPackageIndexes(this.spec, options);
  }

  /** Builds what is missing and pushes it by digest, as `pushByDigest` of one package does. */
  pushByDigest(options: DigestPushOptions = {}): Run<DigestPush> {
    return startDigestPush(this.spec, options);
  }

  /** Builds what is missing and loads it into a docker daemon. */
  load(options: VerbOptions = {}): Run<RunResult> {
    return startRun({ verb: "load", set: this.spec, options }, withDigests);
  }

  /** Builds what is missing and writes files into a directory, named after the packages. */
  export(options: ExportOptions): Run<RunResult<ExportedPackage>> {
    return startRun({ verb: "export", set: this.spec, options }, (result) => result);
  }

  #with(overrides: PackageSettings): FluentPackages {
    return new FluentPackages({ ...this.spec, overrides: { ...this.spec.overrides, ...overrides } });
  }
}
