import { formatPlatform, type Platform } from "../../core/platform.ts";
import { decodePlatform } from "../decoding/platform-decoder.ts";
import { ProtoReader } from "../decoding/proto-reader.ts";
import type { Definition } from "../definition.ts";

const EXEC_FIELD = 2;
const PLATFORM_FIELD = 10;

/**
 * The platforms on which a definition's processes run, each once. Only these matter for emulation: fetching and
 * copying files of another platform needs none. A process without platform runs on the engine's own and is left out.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 */
export function execPlatforms(definition: Definition): readonly Platform[] {
  const platforms = new Map<string, Platform>();
  for (const op of definition.ops) {
    const platform = execPlatform(op);
    if (platform !== undefined) platforms.set(formatPlatform(platform), platform);
  }
  return Object.freeze([...platforms.values()]);
}

function execPlatform(op: Uint8Array): Platform | undefined {
  const reader = new ProtoReader(op);
  let platform: Platform | undefined;
  let isExec = false;
  for (let field = reader.next(); field !== undefined; field = reader.next()) {
    if (field.number === PLATFORM_FIELD) platform = decodePlatform(reader.message());
    else reader.skip();
    isExec ||= field.number === EXEC_FIELD;
  }
  return isExec ? platform : undefined;
}
