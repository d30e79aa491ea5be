import { digestOf } from "../../core/digest.ts";
import { decodeOp } from "../decoding/op-decoder.ts";
import type { Definition, VertexMetadata } from "../definition.ts";
import { formatGoJson, type GoJson, omitZero, sortedMap } from "./go-json.ts";
import { opDump } from "./op-dump.ts";

/**
 * The ops of a definition as text, one JSON value per line: what `buildctl debug dump-llb` prints.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/cmd/buildctl/debug/dumpllb.go
 */
export function formatDump(definition: Definition): string {
  return dump(definition)
    .map((op) => `${formatGoJson(op)}\n`)
    .join("");
}

/**
 * The ops of a definition as JSON values, as {@link formatDump} has them; whole numbers that JavaScript does not hold
 * exactly are texts.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 */
export function definitionToJson(definition: Definition): readonly unknown[] {
  return dump(definition).map((op): unknown =>
    JSON.parse(
      JSON.stringify(op, (_key, value: unknown) => {
        if (typeof value !== "bigint") return value;
        return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
      }),
    ),
  );
}

function dump({ ops, metadata }: Definition): readonly GoJson[] {
  return ops.map((bytes) => {
    const digest = digestOf(bytes);
    return { Op: opDump(decodeOp(bytes)), Digest: digest, OpMetadata: metadataDump(metadata.get(digest)) };
  });
}

function metadataDump(metadata: VertexMetadata = {}): GoJson {
  const { exportCache, progressGroup, linuxResources } = metadata;
  return omitZero({
    ignore_cache: metadata.ignoreCache,
    description: sortedMap(metadata.description),
    export_cache: exportCache === undefined ? undefined : omitZero({ Value: exportCache }),
    caps: sortedMap(Object.fromEntries((metadata.caps ?? []).map((cap) => [cap, true]))),
    progress_group: progressGroup && omitZero({ ...progressGroup }),
    linux_resources: linuxResources && omitZero({ ...linuxResources }),
  });
}
