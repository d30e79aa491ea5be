import type * as z from "zod/mini";
import { isRecord } from "../core/json.ts";
import { nearest } from "../core/nearest.ts";
import type { RecordShape, Shape } from "../pkg/record.ts";
import { BUILD_YML_SHAPE } from "./build-yml-shape.ts";
import type { ProblemList } from "./problems.ts";
import { schemaOf } from "./shape-schema.ts";
import type { YamlPath } from "./yaml-places.ts";
import { readYaml, type YamlFile } from "./yaml-reading.ts";

/** The fields of a build.yml as they stand there; null where a key has no value, undefined where there is no key. */
export interface BuildYmlFields {
  readonly image: TextField;
  readonly org: TextField;
  readonly tag: TextField;
  readonly dockerfile: TextField;
  readonly arches: ListField;
  readonly extraSources: ListField;
  readonly gitrepo: TextField;
  readonly network: boolean | null | undefined;
  readonly disableCache: boolean | null | undefined;
  readonly config: Fields | null | undefined;
  readonly buildArgs: ListField;
  readonly dependsImages: DependsFields | undefined;
}

/** `depends.docker-images`. */
export interface DependsFields {
  readonly targetDirectory: TextField;
  readonly target: TextField;
  readonly fromFile: TextField;
  readonly list: ListField;
}

type Fields = Readonly<Record<string, unknown>>;
type TextField = string | null | undefined;
type ListField = readonly string[] | null | undefined;

/** Reads the fields of a build.yml; every problem of syntax, keys and types goes to the list. */
export function readFields(
  text: string,
  file: string,
  problems: ProblemList,
): { fields: BuildYmlFields; yaml: YamlFile } {
  const yaml = readYaml(text, file);
  for (const problem of yaml.problems) problems.add({ code: "INPUT_YAML_INVALID", ...problem });
  if (yaml.value === undefined || yaml.value === null) return { fields: fieldsFrom({}), yaml };
  const result = BUILD_YML_SCHEMA.safeParse(yaml.value);
  for (const issue of result.error?.issues ?? []) reportIssue(issue, yaml, problems);
  return { fields: fieldsFrom(isRecord(result.data) ? result.data : {}), yaml };
}

const BUILD_YML_SCHEMA = schemaOf(BUILD_YML_SHAPE);

function fieldsFrom(data: Fields): BuildYmlFields {
  const depends = isRecord(data.depends) ? data.depends["docker-images"] : undefined;
  return {
    image: textIn(data, "image"),
    org: textIn(data, "org"),
    tag: textIn(data, "tag"),
    dockerfile: textIn(data, "dockerfile"),
    arches: listIn(data, "arches"),
    extraSources: listIn(data, "extra-sources"),
    gitrepo: textIn(data, "gitrepo"),
    network: booleanIn(data, "network"),
    disableCache: booleanIn(data, "disable-cache"),
    config: isRecord(data.config) ? data.config : undefined,
    buildArgs: listIn(data, "buildArgs"),
    dependsImages: isRecord(depends) ? dependsFrom(depends) : undefined,
  };
}

function dependsFrom(data: Fields): DependsFields {
  return {
    targetDirectory: textIn(data, "target-dir"),
    target: textIn(data, "target"),
    fromFile: textIn(data, "from-file"),
    list: listIn(data, "list"),
  };
}

function textIn(data: Fields, key: string): TextField {
  const value = data[key];
  return typeof value === "string" || value === null ? value : undefined;
}

function booleanIn(data: Fields, key: string): boolean | null | undefined {
  const value = data[key];
  return typeof value === "boolean" || value === null ? value : undefined;
}

function listIn(data: Fields, key: string): ListField {
  const value = data[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : value === null ? null : undefined;
}

function reportIssue(issue: z.core.$ZodIssue, yaml: YamlFile, problems: ProblemList): void {
  const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
  if (issue.code !== "unrecognized_keys") {
    const message = `${formatPath(path)}: ${issue.message}`;
    problems.add({ code: "INPUT_YAML_INVALID", message, location: yaml.placeOf(path) });
    return;
  }
  const known = knownKeys(path);
  for (const key of issue.keys) {
    problems.add({
      code: "INPUT_FIELD_UNKNOWN",
      message: `unknown key "${key}"${path.length === 0 ? "" : ` in ${formatPath(path)}`}`,
      location: yaml.keyPlaceOf([...path, key]),
      hint: hintFor(key, known),
    });
  }
}

function hintFor(key: string, known: readonly string[]): string {
  if (key === "disable-content-trust" || key === "trust") return `Remove "${key}": LinuxKit no longer signs images.`;
  const guess = nearest(key, known);
  return guess === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean "${guess}"?`;
}

function knownKeys(path: YamlPath): readonly string[] {
  let shape: Shape | undefined = BUILD_YML_SHAPE;
  for (const part of path) shape = shape && step(shape, part);
  return shape?.kind === "record" ? shape.members.map((member) => member.yamlKey) : [];
}

function step(shape: Shape, part: string | number): Shape | undefined {
  if (shape.kind === "list" || shape.kind === "map") return shape.of;
  return shape.kind === "record" ? memberShape(shape, part) : undefined;
}

function memberShape(shape: RecordShape, key: string | number): Shape | undefined {
  return shape.members.find((member) => member.yamlKey === key)?.shape;
}

function formatPath(path: YamlPath): string {
  if (path.length === 0) return "the file";
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`)).join("");
}
