import type { Abortable } from "../../core/abort.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { PlatformText } from "../../core/platform.ts";
import type { Image } from "../../image/image.ts";
import type { LlbDefinition } from "../../llb/llb-definition.ts";
import type { SolveRequest } from "../../lower/solve-request.ts";
import type { AttestSettings } from "../../pkg/attestation.ts";
import { type DockerfileOptions, dockerfileOptionsOf } from "../../pkg/dockerfile-options.ts";
import { type FrontendOptions, frontendImageOf } from "../../pkg/frontend-image.ts";
import type { HashOptions } from "../../pkg/package.ts";
import { type ReproducibleOptions, reproducibleOf } from "../../pkg/reproducible.ts";
import type { PackageSettings } from "../../pkg/settings.ts";
import { type TransitiveTag, tagSettings } from "../../pkg/transitive-tag.ts";
import type { Plan } from "../../plan/plan.ts";
import type { TagExplanation } from "../../plan/tag-inputs.ts";
import type { CheckFunction, CheckOptions } from "../build/checks.ts";
import { type CacheInputs, NO_CACHES, withCaches } from "../build-cache/settings.ts";
import { type EngineChoice, type EngineSelection, selectionOf } from "../engines/engine-selection.ts";
import { type DigestPush, type DigestPushOptions, startDigestPush } from "../publishing/digest-push.ts";
import type { Run } from "../run.ts";
import type { QuestionOptions } from "../subrequests/frontend-question.ts";
import { type LintReport, lintReport } from "../subrequests/lint.ts";
import { type BuildOutline, buildOutline } from "../subrequests/outline.ts";
import { type BuildTarget, buildTargets } from "../subrequests/targets.ts";
import type { TagComparisonOptions, TagDifference } from "../tagging/tag-comparison.ts";
import { type ContextInputs, namedContexts } from "./named-contexts.ts";
import type { BuildOptions, ExportOptions, LlbOptions, OpenOptions, PushOptions, VerbOptions } from "./options.ts";
import { onlyExported, onlyPackage } from "./package-result.ts";
import { type PackageSpec, setOf } from "./package-spec.ts";
import type { ExportedPackage, PackageResult } from "./result.ts";
import { type SecretInputs, secretSources } from "./secret-source.ts";
import { type SshInputs, sshChoices } from "./ssh-agents.ts";
import { startOpen, startRun } from "./verbs.ts";

/**
 * One LinuxKit package, as an immutable value: each method gives a new one, and only terminal verbs have effects.
 * Make one with `pkg()`.
 */
export class FluentPackage<P extends PlatformText = PlatformText> {
  /** What was set, as plain frozen data. */
  readonly spec: PackageSpec;

  constructor(spec: PackageSpec) {
    this.spec = deepFreeze(spec);
    Object.freeze(this);
  }

  /**
   * Builds exactly these platforms, in place of those that the package names.
   *
   * @example
   * ```ts
   * const pushed = await pkg("pkg/init").platforms("linux/amd64", "linux/arm64").push();
   * pushed.images["linux/arm64"].digest; // the type knows the two keys
   * ```
   */
  platforms<const Platforms extends readonly PlatformText[]>(
    ...platforms: Platforms
  ): FluentPackage<Platforms[number]> {
    return new FluentPackage({ ...this.spec, overrides: { ...this.spec.overrides, platforms } });
  }

  /** Sets build arguments over those of the package; the same name again replaces its value. They are recorded with the image, since the tag does not cover them. */
  buildArgs(args: Readonly<Record<string, string>>): FluentPackage<P> {
    return this.#with({ buildArgs: { ...this.spec.overrides.buildArgs, ...args } });
  }

  /** Sets the organisation: `org/image`. It may hold a registry host, such as `registry.example/team`. */
  org(org: string): FluentPackage<P> {
    return this.#with({ org });
  }

  /** Sets the image's name. */
  image(image: string): FluentPackage<P> {
    return this.#with({ image });
  }

  /** Without argument: the reference that this package has now, such as `linuxkit/init:0df5…`; asks git, and no engine. With one: a value with this tag template, or with a tag that covers all inputs: {@link transitive}. */
  tag(): Promise<string>;
  tag(template: string | TransitiveTag): FluentPackage<P>;
  tag(template?: string | TransitiveTag): Promise<string> | FluentPackage<P> {
    return template === undefined ? this.#reference() : this.#with(tagSettings(template));
  }

  /**
   * Sets the Dockerfile, relative to the package's directory, and how it is built. Options add up; the same one replaces
   * its value. Without effect on a recipe.
   *
   * @throws InputError `INPUT_OPTION_INVALID` for an option that no engine takes
   * @example
   * ```ts
   * pkg("pkg/agent").dockerfile("Dockerfile.static", { hosts: { mirror: "10.0.0.7" }, shmSizeBytes: 256 * 2 ** 20 });
   * ```
   */
  dockerfile(dockerfile: string, options?: DockerfileOptions): FluentPackage<P>;
  dockerfile(options: DockerfileOptions): FluentPackage<P>;
  dockerfile(given: string | DockerfileOptions, more: DockerfileOptions = {}): FluentPackage<P> {
    const [dockerfile, options] = typeof given === "string" ? [given, more] : [undefined, given];
    const dockerfileOptions = dockerfileOptionsOf({ ...this.spec.overrides.dockerfileOptions, ...options });
    return this.#with({ dockerfileOptions, ...(dockerfile === undefined ? {} : { dockerfile }) });
  }

  /**
   * Has a frontend that lives in an image read the package, in place of the engine's own for Dockerfiles. It gets the
   * directory, the settings of the package, and options of its own. Without effect on a recipe.
   *
   * @throws InputError `INPUT_REFERENCE_INVALID`, `INPUT_OPTION_INVALID` for an option that the build sets itself
   * @example
   * ```ts
   * pkg("pkg/agent").frontend("registry.example/team/frontend:1", { options: { flavour: "small" } });
   * ```
   */
  frontend(image: string, options: FrontendOptions = {}): FluentPackage<P> {
    return this.#with({ frontend: frontendImageOf(image, options) });
  }

  /** Builds this stage of the Dockerfile. */
  target(target: string): FluentPackage<P> {
    return this.#with({ target });
  }

  /** Whether steps have a network. LinuxKit's default is none. */
  network(network = true): FluentPackage<P> {
    return this.#with({ network });
  }

  /** Adds image labels. */
  labels(labels: Readonly<Record<string, string>>): FluentPackage<P> {
    return this.#with({ labels: { ...this.spec.overrides.labels, ...labels } });
  }

  /**
   * Adds annotations: to the image's manifest, or where the key says, as with `docker buildx build --annotation`.
   *
   * @throws InputError `INPUT_OPTION_INVALID`
   * @example
   * ```ts
   * pkg("pkg/init").annotations({ "org.opencontainers.image.title": "init", "index,manifest-descriptor:com.example.tier": "base" });
   * ```
   */
  annotations(annotations: Readonly<Record<string, string>>): FluentPackage<P> {
    return this.#with({ annotations: { ...this.spec.overrides.annotations, ...annotations } });
  }

  /** Sets the runtime configuration that goes into the label `org.mobyproject.config`; keys as in build.yml. */
  config(config: Readonly<Record<string, unknown>>): FluentPackage<P> {
    return this.#with({ config });
  }

  /**
   * Asks the engine to attest how the image came to be, in statements that lie beside it in the index: a bill of materials
   * (`sbom`), made by a scanner image, and the build's `provenance`. Nothing is attested unasked. What is stored already
   * without what is asked for is built again by `build()` and `push()`, since nothing can be attested afterwards, and the
   * new image takes its place in the index; with `keepStored` it stays.
   *
   * @throws InputError `INPUT_OPTION_INVALID` when it is built
   * @example
   * ```ts
   * pkg("pkg/init").attest({ sbom: true, provenance: "max" });
   * ```
   */
  attest(attest: AttestSettings): FluentPackage<P> {
    return this.#with({ attest: { ...this.spec.overrides.attest, ...attest } });
  }

  /**
   * Makes equal inputs give equal bytes, as far as the steps do: times in the image and its layers that are later than
   * `epochSeconds` become that, and steps find it as the build argument `SOURCE_DATE_EPOCH`.
   *
   * @throws InputError `INPUT_OPTION_INVALID`
   */
  reproducible(options: ReproducibleOptions = {}): FluentPackage<P> {
    return this.#with({ reproducible: reproducibleOf(options) });
  }

  /** Runs every step again. */
  noCache(): FluentPackage<P> {
    return this.#with({ disableCache: true });
  }

  /** Honours `.dockerignore`. Default: not for build.yml packages, as with LinuxKit; always for a directory with only a Dockerfile. */
  ignoreFiles(honour = true): FluentPackage<P> {
    return this.#with({ ignoreFiles: honour });
  }

  /** Which commit, directory or text the tag is made from. */
  hash(hash: HashOptions): FluentPackage<P> {
    return this.#with({ hash: { ...this.spec.overrides.hash, ...hash } });
  }

  /** Names the engines, as `engines(…)` gives them, or one engine by address for all platforms. */
  engines(selection: EngineSelection | EngineChoice | string): FluentPackage<P> {
    return new FluentPackage({ ...this.spec, engines: selectionOf(selection) });
  }

  /**
   * Lets build steps ask for secrets, by id: `RUN --mount=type=secret,id=TOKEN` or `llb.secretMount`. Give each one a
   * source, `fromEnv`, `fromFile`, `fromValue` or a function. Values never get into plans, events, errors or layers: where
   * a step prints one, `***` is shown. As for BuildKit, another value alone is no reason to build again.
   *
   * @throws InputError `INPUT_OPTION_INVALID` for something that is no source
   * @example
   * ```ts
   * pkg("pkg/agent").secrets({ TOKEN: fromEnv("CI_TOKEN"), KEY: fromFile("key.pem") });
   * ```
   */
  secrets(secrets: SecretInputs): FluentPackage<P> {
    return new FluentPackage({ ...this.spec, secrets: { ...this.spec.secrets, ...secretSources(secrets) } });
  }

  /**
   * Lets build steps talk to an ssh agent: `RUN --mount=type=ssh` or `llb.sshMount`. Without argument, to the one that
   * `SSH_AUTH_SOCK` names. Steps can list keys and sign with them; keys never leave the agent. Private keys that are given
   * as such are held by an agent within this process.
   *
   * @throws InputError `INPUT_OPTION_INVALID` for a key that has no source
   * @example
   * ```ts
   * pkg("pkg/agent").ssh({ default: {}, ci: "/run/ci-agent.sock", deploy: { keys: [fromFile("id_ed25519")] } });
   * ```
   */
  ssh(agents: SshInputs = { default: {} }): FluentPackage<P> {
    return new FluentPackage({ ...this.spec, ssh: { ...this.spec.ssh, ...sshChoices(agents) } });
  }

  /**
   * Uses caches beside the engine's own: `from` is where the results of steps may be found, `to` where they go. Each platform
   * has its own, `-amd64` behind the name. A cache that is not there, or that cannot be written, is no failure.
   *
   * @throws InputError `INPUT_OPTION_INVALID`
   * @example
   * ```ts
   * const ref = "registry.example/acme/cache";
   * pkg("pkg/init").cache({ from: { type: "registry", ref }, to: { type: "registry", ref, mode: "max" } });
   * ```
   */
  cache(caches: CacheInputs): FluentPackage<P> {
    return new FluentPackage({ ...this.spec, caches: withCaches(this.spec.caches ?? NO_CACHES, caches) });
  }

  /**
   * Gives the Dockerfile contexts under names, for `FROM name` and `COPY --from=name`: an address that the engine fetches
   * (`docker-image://…`, a git repository, an archive), a directory, another package, which is built first where it has to
   * be, or a state, or a function that makes one for a platform, as a recipe does. What stands under a name is recorded with
   * the image. Without effect on a recipe.
   *
   * @throws InputError `INPUT_OPTION_INVALID`
   * @example
   * ```ts
   * pkg("pkg/agent").contexts({ certificates: "../certificates", base: pkg("pkg/base"), tools: "docker-image://alpine:3.22" });
   * ```
   */
  contexts(contexts: ContextInputs): FluentPackage<P> {
    const { named, packages } = namedContexts(contexts);
    const { overrides, contextPackages } = this.spec;
    return new FluentPackage({
      ...this.spec,
      overrides: { ...overrides, contexts: { ...overrides.contexts, ...named } },
      contextPackages: { ...contextPackages, ...packages },
    });
  }

  /**
   * Says that other packages come first where a run builds them too. What a Dockerfile begins with or copies from, and what
   * build args, contexts and `depends` name, is found without that.
   *
   * @example
   * ```ts
   * await pkgs([pkg("pkg/kernel"), pkg("pkg/init").dependsOn(pkg("pkg/kernel"))]).push();
   * ```
   */
  dependsOn(...packages: readonly FluentPackage[]): FluentPackage<P> {
    return new FluentPackage({
      ...this.spec,
      dependsOn: [...this.spec.dependsOn, ...packages.map(({ spec }) => spec)],
    });
  }

  /**
   * Looks into every platform's image after it is built and before it goes anywhere: if the check throws, nothing of that
   * platform is exported, and no tag moves. What is checked is what is published, to the byte. A check that ends while
   * something that it asked for is still under way fails. Platforms that are not built are not checked, and the run says so.
   *
   * @example
   * ```ts
   * pkg("pkg/init").check("init is static", async (image) => {
   *   await image.assertFile("/init", { executable: true, elf: { static: true, platform: image.platform } });
   *   await image.exec(["/init", "--version"]);
   * });
   * ```
   */
  check(name: string, run: CheckFunction, { always = false }: CheckOptions = {}): FluentPackage<P> {
    return new FluentPackage({ ...this.spec, checks: [...this.spec.checks, { name, run, always }] });
  }

  /**
   * What the tag is made from, and what else goes into the images: the tree, build arguments with the values that they
   * resolve to, other packages, the recipe's graph for each platform (as a digest), and settings. `inTag` says of each
   * input whether another value gives another tag; with `.tag(transitive())` that is so for all. Asks git, and no engine.
   * Secrets are no inputs.
   *
   * @throws PlanError `PLAN_CYCLE`, `PLAN_BUILD_ARG_UNKNOWN`
   * @example
   * ```ts
   * const { tag, inputs } = await pkg("pkg/agent").explainTag();
   * for (const { kind, name, value, platform, inTag } of inputs) console.log(kind, name, value, platform, inTag);
   * ```
   */
  async explainTag(options: Abortable = {}): Promise<TagExplanation> {
    const { explainPackageTag } = await import("../tagging/tagging.ts");
    return await explainPackageTag(this.spec, options);
  }

  /**
   * What makes an image that exists, in the cache or in its registry, differ from what would be built of the package now:
   * the tag, each file of the tree that git can compare, each build argument, dependency, directory, recipe or setting, and
   * LinuxKit's config label. Empty where nothing differs, as far as the image tells. Of inputs the image holds short digests
   * only, so that values stay where they are; what cannot be told says why in `hint`. Asks git and no engine.
   *
   * @param reference any form of a name; without a tag `latest`
   * @throws RegistryError `REGISTRY_NOT_FOUND` if there is no such image for a platform of the package
   * @throws PlanError `PLAN_CYCLE`, `PLAN_BUILD_ARG_UNKNOWN`
   * @example
   * ```ts
   * for (const { kind, name, theirs, ours, hint } of await pkg("pkg/agent").compareTag("acme/agent:v1")) {
   *   console.log(kind, name, theirs, ours, hint ?? "");
   * }
   * ```
   */
  async compareTag(reference: string, options: TagComparisonOptions = {}): Promise<readonly TagDifference[]> {
    const { compareTag } = await import("../tagging/tag-comparison.ts");
    return await compareTag(this.spec, reference, options);
  }

  /** What a push would do for each platform, and why. Asks git, the cache and the registry, but no engine unless something has to be built. */
  async plan(options: VerbOptions = {}): Promise<Plan> {
    const { planPackageSet } = await import("../planning.ts");
    return await planPackageSet(setOf(this.spec), options);
  }

  /** The request that an engine would get for a platform, made without one. */
  async toSolveRequest(platform: P): Promise<SolveRequest> {
    const { compilePackage } = await import("../compilation.ts");
    return await compilePackage(this.spec, platform);
  }

  /**
   * The LLB for a platform, to look at. Without an engine: that of a recipe, with base images unresolved. With one: what
   * that engine would run; for a Dockerfile, what the engine's frontend made of it. Nothing is run for it.
   */
  async toLLB(platform: P, options: LlbOptions = {}): Promise<LlbDefinition> {
    const { compileDefinition } = await import("../compilation.ts");
    return await compileDefinition(this.spec, platform, options);
  }

  /**
   * What the checks of the Dockerfile's frontend say. Builds warn of the same things.
   *
   * @throws PlanError `PLAN_RECIPE_INVALID` for a recipe; EngineError `ENGINE_FEATURE_MISSING` for a frontend without checks
   * @example
   * ```ts
   * for (const { rule, message, source } of (await pkg("pkg/init").lint()).warnings) console.log(source?.startLine, rule, message);
   * ```
   */
  async lint(options: QuestionOptions = {}): Promise<LintReport> {
    const { askFrontend } = await import("../subrequests/frontend-question.ts");
    return lintReport(await askFrontend(this.spec, "lint", options));
  }

  /**
   * What the Dockerfile's target can be given: build arguments, secrets, ssh agents, cache mounts.
   *
   * @throws PlanError `PLAN_RECIPE_INVALID` for a recipe; EngineError `ENGINE_FEATURE_MISSING`
   */
  async outline(options: QuestionOptions = {}): Promise<BuildOutline> {
    const { askFrontend } = await import("../subrequests/frontend-question.ts");
    return buildOutline(await askFrontend(this.spec, "outline", options));
  }

  /**
   * The stages of the Dockerfile, which `target()` takes.
   *
   * @throws PlanError `PLAN_RECIPE_INVALID` for a recipe; EngineError `ENGINE_FEATURE_MISSING`
   */
  async targets(options: QuestionOptions = {}): Promise<readonly BuildTarget[]> {
    const { askFrontend } = await import("../subrequests/frontend-question.ts");
    return buildTargets(await askFrontend(this.spec, "targets", options));
  }

  /** Builds what is missing and puts every platform into the OCI cache. */
  build(options: BuildOptions = {}): Run<PackageResult<P>> {
    return startRun({ verb: "build", set: setOf(this.spec), options }, onlyPackage<P>(this.spec));
  }

  /** Builds what is missing, pushes all platforms by digest, and only then moves tags: `name:tag-arch` and the index `name:tag`. */
  push(options: PushOptions = {}): Run<PackageResult<P>> {
    return startRun({ verb: "push", set: setOf(this.spec), options }, onlyPackage<P>(this.spec));
  }

  /**
   * Builds what is missing and pushes all platforms by digest; no tag moves. What was pushed stands in the receipt, for
   * `mergeIndexes()`, here or on another machine.
   */
  pushByDigest(options: DigestPushOptions = {}): Run<DigestPush> {
    return startDigestPush(setOf(this.spec), options);
  }

  /** Builds what is missing and loads it into a docker daemon. */
  load(options: VerbOptions = {}): Run<PackageResult<P>> {
    return startRun({ verb: "load", set: setOf(this.spec), options }, onlyPackage<P>(this.spec));
  }

  /** Builds what is missing and writes files. */
  export(options: ExportOptions): Run<ExportedPackage<P>> {
    return startRun({ verb: "export", set: setOf(this.spec), options }, onlyExported<P>(this.spec));
  }

  /**
   * Opens the image for a platform on an engine, to look into it and to run its programs: what exists is fetched, what does
   * not is built, and goes nowhere. It is open until it is disposed.
   *
   * @example
   * ```ts
   * await using image = await pkg("pkg/init").open("linux/amd64");
   * console.log(await image.readDirectory("/etc"), (await image.exec(["/init", "--version"])).stdout);
   * ```
   *
   * @example
   * A look into the step that failed:
   * ```ts
   * await pkg("pkg/init").open("linux/amd64", {
   *   onFailure: async (step) => console.log((await step.exec(["cat", "config.log"])).stdout),
   * });
   * ```
   */
  open(platform: P, options: OpenOptions = {}): Run<Image> {
    return startOpen(this.spec, platform, options);
  }

  async #reference(): Promise<string> {
    const { tagPackageSet } = await import("../tagging/tagging.ts");
    const [tagged] = await tagPackageSet(setOf(this.spec));
    return tagged?.shortReference ?? "";
  }

  #with(overrides: PackageSettings): FluentPackage<P> {
    return new FluentPackage({ ...this.spec, overrides: { ...this.spec.overrides, ...overrides } });
  }
}
