import type { Abortable } from "../core/abort.ts";
import type { UsageRecord } from "../proto/gen/control_pb.js";
import { Control } from "../proto/gen/control_pb.js";
import type { GrpcClient } from "../wire/grpc-client.ts";

/** One entry of an engine's build cache. */
export interface CacheRecord {
  readonly id: string;
  readonly sizeBytes: number;
  readonly inUse: boolean;
  /** Other entries or images share its content. */
  readonly shared: boolean;
  readonly mutable: boolean;
  /** Such as `regular`, `source.local` or `exec.cachemount`. */
  readonly kind: string;
  readonly description: string;
  readonly usageCount: number;
  readonly lastUsedAtEpochMs?: number;
}

/** What lies in an engine's build cache. */
export async function readDiskUsage(client: GrpcClient, options: Abortable = {}): Promise<readonly CacheRecord[]> {
  const { record } = await client.unary(Control.method.diskUsage, {}, options);
  return Object.freeze(record.map(toRecord));
}

/** Removes what nothing uses from an engine's build cache, and gives back what was removed. */
export async function pruneCache(client: GrpcClient, options: Abortable = {}): Promise<readonly CacheRecord[]> {
  const removed: CacheRecord[] = [];
  for await (const record of client.serverStream(Control.method.prune, {}, options)) removed.push(toRecord(record));
  return Object.freeze(removed);
}

function toRecord(record: UsageRecord): CacheRecord {
  const { ID, Size, InUse, Shared, Mutable, RecordType, Description, UsageCount, LastUsedAt } = record;
  return Object.freeze({
    ...{ id: ID, sizeBytes: Number(Size), inUse: InUse, shared: Shared, mutable: Mutable },
    ...{ kind: RecordType, description: Description, usageCount: Number(UsageCount) },
    ...(LastUsedAt === undefined ? {} : { lastUsedAtEpochMs: Number(LastUsedAt.seconds) * 1000 }),
  });
}
