import { deepFreeze } from "../core/freeze.ts";
import { checkNonEmpty, checkPlatform, checkText, checkTexts } from "./argument.ts";
import type { OpPlatform } from "./op.ts";
import type { VertexConstraints } from "./vertex.ts";

/** What every op takes besides its own options. */
export interface VertexOptions {
  /** Where the op runs, or which of an image's platforms is meant. Default that of the state, else that of the build. */
  readonly platform?: OpPlatform | string;
  /** What progress shows in place of the op's own description. */
  readonly name?: string;
  /** More texts to go with the op. */
  readonly description?: Readonly<Record<string, string>>;
  /** Run it even if its result is cached. Default false. */
  readonly ignoreCache?: boolean;
  /** Whether the result goes along when the cache is exported. Default: as the build decides. */
  readonly exportCache?: boolean;
  /** Ops with one id are shown as one. */
  readonly progressGroup?: { readonly id: string; readonly name: string; readonly weak?: boolean };
  /** Filters that a worker must match. */
  readonly requires?: readonly string[];
}

const NONE: VertexConstraints = Object.freeze({});

/** The checked, frozen form of {@link VertexOptions}. */
export function vertexConstraints(options: VertexOptions, op: string): VertexConstraints {
  const { platform, requires } = options;
  const metadata = vertexMetadata(options, op);
  if (platform === undefined && requires === undefined && metadata === undefined) return NONE;
  return deepFreeze({
    ...(platform === undefined ? {} : { platform: checkPlatform(platform, op) }),
    ...(requires === undefined ? {} : { requires: checkTexts(requires, "a worker filter", op) }),
    ...(metadata === undefined ? {} : { metadata }),
  });
}

function vertexMetadata(options: VertexOptions, op: string): VertexConstraints["metadata"] {
  const { ignoreCache, exportCache, progressGroup } = options;
  const description = vertexDescription(options, op);
  if (ignoreCache !== true && exportCache === undefined && progressGroup === undefined && description === undefined) {
    return undefined;
  }
  return {
    ...(ignoreCache === true ? { ignoreCache } : {}),
    ...(exportCache === undefined ? {} : { exportCache }),
    ...(description === undefined ? {} : { description }),
    ...(progressGroup === undefined ? {} : { progressGroup: checkProgressGroup(progressGroup, op) }),
  };
}

function checkProgressGroup(group: NonNullable<VertexOptions["progressGroup"]>, op: string): typeof group {
  checkNonEmpty(group.id, "the id of a progress group", op);
  checkText(group.name, "the name of a progress group", op);
  const { id, name, weak } = group;
  return { id, name, ...(weak === true ? { weak } : {}) };
}

function vertexDescription({ name, description }: VertexOptions, op: string): Record<string, string> | undefined {
  const entries = { ...description, ...(name === undefined ? {} : { "llb.customname": name }) };
  for (const [key, value] of Object.entries(entries)) {
    checkText(key, "a key of the description", op);
    checkText(value, "a description", op);
  }
  return Object.keys(entries).length === 0 ? undefined : entries;
}
