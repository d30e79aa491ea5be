import type { OpPlatform } from "./op.ts";
import type { ProtoReader } from "./proto-reader.ts";

/** Reads `pb.Platform`. */
export function decodePlatform(reader: ProtoReader): OpPlatform {
  let platform: OpPlatform = { os: "", architecture: "" };
  const osFeatures: string[] = [];
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field.number === 1) platform = { ...platform, architecture: reader.string() };
    else if (field.number === 2) platform = { ...platform, os: reader.string() };
    else if (field.number === 3) platform = { ...platform, variant: reader.string() };
    else if (field.number === 4) platform = { ...platform, osVersion: reader.string() };
    else if (field.number === 5) osFeatures.push(reader.string());
    else reader.skip(field);
  }
  return Object.freeze(osFeatures.length === 0 ? platform : { ...platform, osFeatures: Object.freeze(osFeatures) });
}
