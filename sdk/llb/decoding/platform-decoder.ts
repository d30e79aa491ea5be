import type { OpPlatform } from "../op.ts";
import type { ProtoReader } from "./proto-reader.ts";

/** Reads `pb.Platform`. */
export function decodePlatform(reader: ProtoReader): OpPlatform {
  const texts = { architecture: "", os: "", variant: "", osVersion: "" };
  const osFeatures: string[] = [];
  reader.readFields({
    1: (field) => (texts.architecture = field.string()),
    2: (field) => (texts.os = field.string()),
    3: (field) => (texts.variant = field.string()),
    4: (field) => (texts.osVersion = field.string()),
    5: (field) => osFeatures.push(field.string()),
  });
  return Object.freeze({
    os: texts.os,
    architecture: texts.architecture,
    ...(texts.variant === "" ? {} : { variant: texts.variant }),
    ...(texts.osVersion === "" ? {} : { osVersion: texts.osVersion }),
    ...(osFeatures.length === 0 ? {} : { osFeatures: Object.freeze(osFeatures) }),
  });
}
