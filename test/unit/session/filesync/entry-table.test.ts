import { expect, it } from "vitest";
import type { ContextEntry } from "../../../../sdk/context/walk.ts";
import { FILE_MODE } from "../../../../sdk/core/file-stat.ts";
import { createEntryTable } from "../../../../sdk/session/filesync/entry-table.ts";
import { decodePacket } from "../../../../sdk/wire/fsutil/packet.ts";
import { decodeFrames } from "../../../../sdk/wire/grpc-frame.ts";

const MTIME = 1_763_719_200_123_456_789n;

function entry(path: string, file: string | undefined, more: Partial<ContextEntry["stat"]> = {}): ContextEntry {
  const numbers = { uid: 0, gid: 0, sizeBytes: 7, mtimeNs: MTIME, deviceMajor: 0, deviceMinor: 0 };
  return { stat: { path, mode: 0o644, linkname: "", ...numbers, ...more }, file, device: 8n, inode: 2n ** 63n + 5n };
}

async function* chunks(...all: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* all;
}

it("packs many entries, and finds each by its number", async () => {
  const table = createEntryTable();
  const entries = Array.from({ length: 5000 }, (_, index) => {
    const name = `${index}-é-${"long name ".repeat(index % 30)}`;
    return index % 3 === 0 ? entry(`in/${name}`, `/real/${index % 7}/${name}`) : entry(name, `/${name}`);
  });
  const batches = [...table.add(entries.slice(0, 2000)), ...table.add(entries.slice(2000))];
  expect(batches.reduce((sum, batch) => sum + batch.entries, 0)).toBe(5000);
  expect(batches.reduce((sum, batch) => sum + batch.fileBytes, 0)).toBe(5000 * 7);
  const packets: unknown[] = [];
  for await (const message of decodeFrames(chunks(...batches.map(({ frames }) => frames)), 2 ** 20)) {
    packets.push(decodePacket(message));
  }
  expect(packets).toEqual(entries.map(({ stat }) => ({ type: "stat", stat })));
  for (const [id, { stat, file, device, inode }] of entries.entries()) {
    expect(table.file(id)).toEqual({ stat: { path: stat.path, sizeBytes: 7 }, file, device, inode });
  }
});

it("has no content for what is no file of its own, and for what it does not hold", () => {
  const table = createEntryTable();
  const [batch] = table.add([
    entry("d", "/r/d", { mode: FILE_MODE.directory + 0o755, sizeBytes: 0 }),
    entry("d/f", "/r/d/f"),
    entry("d/hard", "/r/d/hard", { linkname: "d/f", sizeBytes: 0 }),
    entry("d/link", "/r/d/link", { mode: FILE_MODE.symlink + 0o777, linkname: "f" }),
    entry("made", undefined, { mode: FILE_MODE.directory + 0o755, sizeBytes: 0 }),
  ]);
  expect(batch).toMatchObject({ entries: 5, files: 1, fileBytes: 7 });
  expect([0, 1, 2, 3, 4, 5, 6000].map((id) => table.file(id)?.file)).toEqual([
    ...[undefined, "/r/d/f", undefined, undefined, undefined, undefined, undefined],
  ]);
});
