import { statSync } from "node:fs";
import { isAbsolute, join, posix } from "node:path";
import { InputError } from "../core/errors.ts";
import { deepFreeze } from "../core/freeze.ts";
import { parsePlatform } from "../core/platform.ts";
import { parseBuildArg } from "../pkg/build-args.ts";
import { encodeConfigLabel } from "../pkg/config-label.ts";
import { checkedDockerfile, contextPath, hashOptionsOf, PACKAGE_DEFAULTS } from "../pkg/create-package.ts";
import type { BuildArg, DependsImages, ExtraSource, Package } from "../pkg/package.ts";
import { type BuildYmlFields, readFields } from "./build-yml-fields.ts";
import { dependsImages } from "./depends-images.ts";
import { type LoadOptions, organisation } from "./load-options.ts";
import { createProblemList, type ProblemList } from "./problems.ts";
import type { YamlFile } from "./yaml-reading.ts";

/** Where a build.yml stands. */
export interface BuildYmlOrigin {
  /** Absolute. */
  readonly file: string;
  /** The package's directory, absolute. */
  readonly directory: string;
}

/**
 * The package that a build.yml describes, with LinuxKit's defaults, and the options over both.
 * One error reports everything that is wrong with the file.
 *
 * @throws InputError `INPUT_YAML_INVALID`, `INPUT_FIELD_UNKNOWN`, `INPUT_SOURCE_MISSING`, `INPUT_REFERENCE_INVALID`,
 * `INPUT_PLATFORM_INVALID`, `INPUT_OPTION_INVALID`
 */
export function parseBuildYml(text: string, origin: BuildYmlOrigin, options: LoadOptions = {}): Package {
  const { file, directory } = origin;
  const problems = createProblemList();
  const { fields, yaml } = readFields(text, file, problems);
  problems.throwAny();
  const context: Context = { fields, yaml, problems, directory };
  const dockerfile = options.dockerfile ?? fields.dockerfile ?? PACKAGE_DEFAULTS.dockerfile;
  const pkg: Package = {
    directory,
    origin: { loader: "build.yml", file },
    org: organisation(fields.org ?? PACKAGE_DEFAULTS.org, options),
    image: imageOf(context),
    tag: options.tag || fields.tag || PACKAGE_DEFAULTS.tag,
    platforms: platformsOf(context),
    source: {
      kind: "dockerfile",
      dockerfile: problems.attempt(yaml.placeOf(["dockerfile"]), () => checkedDockerfile(dockerfile)) ?? dockerfile,
      ignoreFiles: false,
    },
    extraSources: extraSourcesOf(context),
    gitrepo: fields.gitrepo ?? PACKAGE_DEFAULTS.gitrepo,
    network: options.network ?? fields.network ?? false,
    disableCache: options.disableCache ?? fields.disableCache ?? false,
    ...configLabelOf(context),
    buildArgs: buildArgsOf(context),
    labels: {},
    annotations: {},
    ...dependsOf(context),
    hash: hashOptionsOf(options.hash ?? {}, directory),
  };
  problems.throwAny();
  return deepFreeze(pkg);
}

interface Context {
  readonly fields: BuildYmlFields;
  readonly yaml: YamlFile;
  readonly problems: ProblemList;
  readonly directory: string;
}

function imageOf({ fields, yaml, problems }: Context): string {
  if (fields.image) return fields.image;
  problems.add({
    code: "INPUT_YAML_INVALID",
    message: "image is required",
    location: yaml.keyPlaceOf(["image"]),
    hint: `Add a line such as "image: my-package".`,
  });
  return "";
}

function platformsOf({ fields, yaml, problems }: Context): Package["platforms"] {
  const own = fields.arches === null ? [] : fields.arches;
  const names = own ?? PACKAGE_DEFAULTS.architectures;
  return names.flatMap((name, index) => {
    return problems.attempt(yaml.placeOf(["arches", index]), () => parsePlatform(`linux/${name}`)) ?? [];
  });
}

function configLabelOf({ fields, yaml, problems }: Context): { configLabel?: string } {
  const { config } = fields;
  if (config === undefined || config === null) return {};
  const configLabel = problems.attempt(yaml.placeOf(["config"]), () => encodeConfigLabel(config));
  return configLabel === undefined ? {} : { configLabel };
}

function buildArgsOf({ fields, yaml, problems }: Context): readonly BuildArg[] {
  return (fields.buildArgs ?? []).flatMap((line, index) => {
    const location = yaml.placeOf(["buildArgs", index]);
    return problems.attempt(location, () => parseBuildArg(line, { inTree: true, location })) ?? [];
  });
}

function extraSourcesOf({ fields, yaml, problems, directory }: Context): readonly ExtraSource[] {
  return (fields.extraSources ?? []).flatMap((line, index) => {
    const location = yaml.placeOf(["extra-sources", index]);
    const source = problems.attempt(location, () => parseExtraSource(line, directory));
    return source === undefined ? [] : { ...source, location };
  });
}

function dependsOf({ fields, yaml, problems, directory }: Context): { dependsImages?: DependsImages } {
  const wanted = fields.dependsImages;
  if (wanted === undefined) return {};
  const location = yaml.placeOf(["depends", "docker-images"]);
  const images = problems.attempt(location, () => dependsImages(wanted, directory));
  return images === undefined ? {} : { dependsImages: images };
}

/** Reads `source:destination`; the source must be a directory, and may lie anywhere. */
function parseExtraSource(line: string, directory: string): ExtraSource {
  const [source = "", destination, ...others] = line.split(":");
  if (destination === undefined || others.length > 0) {
    throw new InputError(
      "INPUT_OPTION_INVALID",
      `the extra source ${JSON.stringify(line)} is not of the form source:destination`,
      {
        hint: "Write two paths with one colon between them, such as ../common:vendor/common.",
      },
    );
  }
  const clean = posix.normalize(source === "" ? "." : source);
  const absolute = isAbsolute(clean) ? clean : join(directory, clean);
  const path = absolute.length > 1 ? absolute.replace(/\/+$/, "") : absolute;
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new InputError("INPUT_SOURCE_MISSING", `the extra source ${source} is no directory (looked at ${path})`, {
      hint: "A relative path counts from the package's directory.",
      details: { directory: path },
    });
  }
  return { directory: path, destination: contextPath(destination) };
}
