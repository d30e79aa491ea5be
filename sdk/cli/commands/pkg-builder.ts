import { formatBytes } from "../../progress/quantity.ts";
import type { EngineDisk } from "../../run/engines/engine-disk.ts";
import { BUILDER_CONTAINER_FLAGS, BUILDERS_FLAG, namedBuilders } from "../builders.ts";
import { commaList } from "../comma-list.ts";
import type { Command, Flags, Invocation } from "../command.ts";

const FLAGS: Flags = {
  ...BUILDERS_FLAG,
  platforms: {
    kind: "list",
    value: "OS/ARCH,…",
    help: "the engines of these platforms; this machine's own by default",
  },
  ...BUILDER_CONTAINER_FLAGS,
};

/** `kitsmith pkg builder du`. */
export const pkgBuilderDu: Command = {
  name: "pkg builder du",
  summary: "List what lies in the build caches of engines",
  flags: FLAGS,
  positionals: { min: 0, max: 0 },
  async run(invocation) {
    const { engineDiskUsage } = await import("../../run/engines/engine-disk.ts");
    for (const disk of await engineDiskUsage(await chosen(invocation))) invocation.stdout.write(formatDisk(disk));
    return 0;
  },
};

/** `kitsmith pkg builder prune`. */
export const pkgBuilderPrune: Command = {
  name: "pkg builder prune",
  summary: "Remove what nothing uses from the build caches of engines",
  flags: FLAGS,
  positionals: { min: 0, max: 0 },
  async run(invocation) {
    const { pruneEngines } = await import("../../run/engines/engine-disk.ts");
    const pruned = await pruneEngines(await chosen(invocation));
    const sizes = pruned.flatMap(({ records }) => records.map(({ sizeBytes }) => sizeBytes));
    invocation.stdout.write(`Reclaimed:\t${formatBytes(sum(sizes))}\n`);
    return 0;
  },
};

async function chosen(invocation: Invocation) {
  const { engines } = await import("../../run/engines/engine-selection.ts");
  return {
    engines: engines(namedBuilders(invocation)),
    platforms: commaList(invocation, "platforms") ?? [`linux/${process.arch === "x64" ? "amd64" : process.arch}`],
    signal: invocation.signal,
  };
}

function formatDisk({ address, records }: EngineDisk): string {
  const total = (wanted: (record: EngineDisk["records"][number]) => boolean) =>
    formatBytes(sum(records.filter(wanted).map(({ sizeBytes }) => sizeBytes)));
  const rows = records.map(({ id, inUse, sizeBytes, lastUsedAtEpochMs }) => [
    id,
    String(!inUse),
    formatBytes(sizeBytes),
    lastUsedAtEpochMs === undefined ? "" : new Date(lastUsedAtEpochMs).toISOString(),
  ]);
  return [
    address,
    ...columns([["ID", "RECLAIMABLE", "SIZE", "LAST ACCESSED"], ...rows]),
    `Shared:\t${total(({ shared }) => shared)}`,
    `Private:\t${total(({ shared }) => !shared)}`,
    `Reclaimable:\t${total(({ inUse }) => !inUse)}`,
    `Total:\t${total(() => true)}`,
    "",
  ].join("\n");
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
