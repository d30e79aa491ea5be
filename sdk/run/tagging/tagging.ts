import type { Abortable } from "../../core/abort.ts";
import { settleAll } from "../../core/concurrency.ts";
import { PlanError } from "../../core/errors.ts";
import { deepFreeze } from "../../core/freeze.ts";
import type { GitFacts } from "../../core/git-facts.ts";
import { readGitFacts } from "../../git/facts.ts";
import { withBuildArgFiles } from "../../loaders/build-arg-file.ts";
import { loadPackage } from "../../loaders/load-package.ts";
import { expandPackageGlob } from "../../loaders/package-glob.ts";
import { imageName } from "../../pkg/name.ts";
import type { NamedContext, Package } from "../../pkg/package.ts";
import { withSettings } from "../../pkg/settings.ts";
import { type PackageTag, tagPackage, tagTransitively } from "../../plan/tag.ts";
import { sortTagInputs, type TagExplanation, type TagInput } from "../../plan/tag-inputs.ts";
import {
  mergeSettings,
  type PackageSetMember,
  type PackageSetSpec,
  type PackageSpec,
  packageSpec,
  setOf,
} from "../facade/package-spec.ts";
import { isRemote, remoteFacts, withPinnedContext } from "../facade/remote-package.ts";
import { gatherTagInputs } from "./tag-explanation.ts";
import type { UseChain } from "./use-chain.ts";

/** A package with the tag that its content has now. */
export interface TaggedPackage extends PackageTag {
  readonly spec: PackageSpec;
  readonly package: Package;
  readonly git: GitFacts;
  /** `org/image`. */
  readonly name: string;
  /** Canonical reference without what was set in code: what `@lkt:pkg` and other packages' files call it. */
  readonly ownReference: string;
  /** All that its tag covers, where that is more than the tree. */
  readonly inputs?: readonly TagInput[];
  /** Canonical references of the packages that it was said to depend on. */
  readonly dependsOn: readonly string[];
}

/** How packages are tagged. */
export interface TagOptions extends Abortable {
  /** The packages whose recipes led to these. */
  readonly chain?: UseChain | undefined;
}

/** Loads the packages of a set and asks git for their tags, with few processes for all of them together. */
export async function tagPackageSet(set: PackageSetSpec, options: TagOptions = {}): Promise<readonly TaggedPackage[]> {
  const specs = (await Promise.all(set.members.map((member) => expandMember(member, options)))).flat();
  const loaded = await Promise.all(
    specs.map(async (entry) => {
      const spec = withSetSettings(entry, set);
      return { spec, ...(await loadSpec(spec, options)), dependsOn: await referencesOf(spec.dependsOn, options) };
    }),
  );
  const facts = await readGitFacts(
    loaded.map((entry) => entry.package).filter((one) => !isRemote(one)),
    options,
  );
  const tagged = await settleAll(
    loaded.map(async (entry) => await withTransitiveTag(tagLoaded(entry, facts), options)),
  );
  assertDistinct(tagged);
  return tagged;
}

async function withTransitiveTag(tagged: TaggedPackage, options: TagOptions): Promise<TaggedPackage> {
  if (tagged.package.transitive !== true) return tagged;
  const inputs = await gatherTagInputs(tagged, { ...options, tagOf: onlyTagged });
  return { ...tagged, inputs, ...tagTransitively(tagged.package, tagged.git, inputs) };
}

/**
 * What the tag of a package is made from.
 *
 * @throws PlanError `PLAN_CYCLE`, `PLAN_BUILD_ARG_UNKNOWN`
 */
export async function explainPackageTag(spec: PackageSpec, options: TagOptions): Promise<TagExplanation> {
  const tagged = await onlyTagged(spec, options);
  return deepFreeze<TagExplanation>({
    reference: tagged.shortReference,
    tag: tagged.tag,
    transitive: tagged.package.transitive === true,
    inputs: sortTagInputs(await gatherTagInputs(tagged, { ...options, tagOf: onlyTagged })),
  });
}

/** The tag of one package. */
export async function onlyTagged(spec: PackageSpec, options: TagOptions): Promise<TaggedPackage> {
  const [tagged] = await tagPackageSet(setOf(spec), options);
  if (tagged !== undefined) return tagged;
  throw new PlanError("PLAN_PLATFORM_UNSUPPORTED", "there is no package to tag");
}

function tagLoaded(
  { loaded, ...entry }: LoadedSpec & Pick<TaggedPackage, "spec" | "dependsOn">,
  facts: ReadonlyMap<Package, GitFacts>,
): TaggedPackage {
  const git = facts.get(entry.package) ?? remoteFacts(entry.package);
  const ownReference = tagPackage(loaded, git).canonicalReference;
  return { ...entry, git, ownReference, name: imageName(entry.package), ...tagPackage(entry.package, git) };
}

interface LoadedSpec {
  /** As its files have it. */
  readonly loaded: Package;
  /** With what was set in code. */
  readonly package: Package;
}

async function expandMember(member: PackageSetMember, options: Abortable): Promise<readonly PackageSpec[]> {
  if (member.kind === "package") return [member.spec];
  const directories = await expandPackageGlob(member.pattern, options);
  return directories.map((directory) =>
    packageSpec({ kind: "directory", directory, ...(member.buildYml ? { buildYml: member.buildYml } : {}) }),
  );
}

function withSetSettings(spec: PackageSpec, set: PackageSetSpec): PackageSpec {
  return {
    ...spec,
    overrides: mergeSettings(spec.overrides, set.overrides),
    engines: set.engines ?? spec.engines,
    checks: [...spec.checks, ...set.checks],
    secrets: { ...set.secrets, ...spec.secrets },
    ssh: { ...set.ssh, ...spec.ssh },
    ...(set.caches ? { sharedCaches: set.caches } : {}),
  };
}

async function loadSpec({ origin, overrides, contextPackages }: PackageSpec, options: TagOptions): Promise<LoadedSpec> {
  const loaded =
    origin.kind === "value"
      ? origin.package
      : await loadPackage(origin.directory, { ...options, ...(origin.buildYml ? { buildYml: origin.buildYml } : {}) });
  // What was asked for is held against what the package builds, so it must not replace that here.
  const { platforms: _asked, ...settings } = overrides;
  const contexts = { ...settings.contexts, ...(await packageContexts(contextPackages, options)) };
  const withFiles = await withBuildArgFiles(loaded, settings.buildArgFiles, options);
  const set = withSettings(withFiles, { ...settings, contexts });
  if (!isRemote(set)) return { loaded, package: set };
  const pinned = await withPinnedContext(set, options);
  return { loaded: pinned, package: pinned };
}

async function referencesOf(specs: readonly PackageSpec[], options: TagOptions): Promise<readonly string[]> {
  const tagged = await Promise.all(specs.map((spec) => tagPackageSet(setOf(spec), options)));
  return tagged.flat().map(({ canonicalReference }) => canonicalReference);
}

/** The references that packages have now, as contexts. */
async function packageContexts(
  specs: PackageSpec["contextPackages"],
  options: TagOptions,
): Promise<Readonly<Record<string, NamedContext>>> {
  const contexts = Object.entries(specs).map(async ([name, spec]): Promise<readonly [string, NamedContext]> => {
    const [reference = ""] = await referencesOf([spec], options);
    return [name, { kind: "url", url: `docker-image://${reference}` }];
  });
  return Object.fromEntries(await Promise.all(contexts));
}

/** Two packages under one name and tag would overwrite each other. */
function assertDistinct(packages: readonly TaggedPackage[]): void {
  const seen = new Map<string, string>();
  for (const { canonicalReference: reference, package: pkg } of packages) {
    const other = seen.get(reference);
    if (other !== undefined) {
      throw new PlanError("PLAN_INPUTS_DIFFER", `${reference} is made by two packages, ${other} and ${pkg.directory}`, {
        hint: "Give one of them another image name, org or tag.",
        details: { reference, directories: [other, pkg.directory] },
      });
    }
    seen.set(reference, pkg.directory);
  }
}
