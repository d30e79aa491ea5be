import type { FoundFile } from "../../context/open-file.ts";
import type { ContextEntry } from "../../context/walk.ts";
import { isRegularMode } from "../../core/file-stat.ts";
import { decodePacket, statFrameRoom, writeStatFrame } from "../../wire/fsutil/packet.ts";
import type { EntryBatch } from "../../wire/fsutil/sender.ts";
import { FRAME_HEADER_BYTES } from "../../wire/grpc-frame.ts";

/** All that has to be known of a tree's entries, in about a hundred bytes for each. */
export interface EntryTable {
  /** Adds the next entries of a walk and gives them as they are sent. */
  add(entries: readonly ContextEntry[]): readonly EntryBatch[];
  /** What opening the file with this number takes; undefined if the entry has no content of its own. */
  file(id: number): FoundFile | undefined;
}

const SLAB_BYTES = 256 * 1024;
const FIRST_ROOM = 1024;
const NO_FILE = 2 ** 32 - 1;

/** Columns of what the frames do not tell. */
interface Columns {
  /** Where the frame starts, counted over all slabs. */
  readonly starts: Float64Array;
  /** In which directory a file lies; {@link NO_FILE} for what has no content. */
  readonly directories: Uint32Array;
  readonly devices: Uint32Array;
  readonly inodes: BigUint64Array;
}

/** Creates a table that is empty yet. */
export function createEntryTable(): EntryTable {
  const slabs: Buffer[] = [];
  const directories = createNames<string>();
  const devices = createNames<bigint>();
  let columns = createColumns(FIRST_ROOM);
  let count = 0;
  let slab = Buffer.alloc(0);
  let end = 0;

  /** Writes the frame of an entry, and what else its number has to lead to; gives the size of a file. */
  const addEntry = ({ stat, file, device, inode }: ContextEntry): number | undefined => {
    if (count >= columns.starts.length) columns = withRoom(columns, count * 2);
    columns.starts[count] = (slabs.length - 1) * SLAB_BYTES + end;
    end = writeStatFrame(slab, stat, end);
    const hasContent = file !== undefined && stat.linkname === "" && isRegularMode(stat.mode);
    columns.directories[count] = hasContent ? directories.add(directoryOf(file, stat.path)) : NO_FILE;
    columns.devices[count] = devices.add(device);
    columns.inodes[count] = inode;
    count += 1;
    return hasContent ? stat.sizeBytes : undefined;
  };

  return {
    add(entries) {
      const batches: EntryBatch[] = [];
      let [start, known, files, fileBytes] = [end, count, 0, 0];
      const cut = (): void => {
        if (count > known)
          batches.push({ frames: slab.subarray(start, end), entries: count - known, files, fileBytes });
        [start, known, files, fileBytes] = [end, count, 0, 0];
      };
      for (const entry of entries) {
        const room = statFrameRoom(entry.stat);
        if (end + room > slab.byteLength) {
          cut();
          slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
          slabs.push(slab);
          [start, end] = [0, 0];
        }
        const sizeBytes = addEntry(entry);
        if (sizeBytes === undefined) continue;
        files += 1;
        fileBytes += sizeBytes;
      }
      cut();
      return batches;
    },
    file(id) {
      const [start, directory] = [columns.starts[id], columns.directories[id]];
      if (id >= count || start === undefined || directory === undefined || directory === NO_FILE) return undefined;
      const frame = slabs[Math.floor(start / SLAB_BYTES)]?.subarray(start % SLAB_BYTES);
      const packet =
        frame && decodePacket(frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + frame.readUInt32BE(1)));
      if (packet?.type !== "stat" || packet.stat === undefined) return undefined;
      const { path, sizeBytes } = packet.stat;
      return {
        stat: { path, sizeBytes },
        file: `${directories.at(directory)}${path.slice(path.lastIndexOf("/") + 1)}`,
        device: devices.at(columns.devices[id] ?? 0) ?? 0n,
        inode: columns.inodes[id] ?? 0n,
      };
    },
  };
}

/** With its slash; the name of a file is the same in the tree and where it lies. */
function directoryOf(file: string, path: string): string {
  return file.slice(0, file.length - (path.length - path.lastIndexOf("/") - 1));
}

/** Values that come again and again, by number. */
interface Names<Value> {
  add(value: Value): number;
  at(index: number): Value | undefined;
}

function createNames<Value>(): Names<Value> {
  const values: Value[] = [];
  const numbers = new Map<Value, number>();
  return {
    add(value) {
      const known = value === values.at(-1) ? values.length - 1 : numbers.get(value);
      if (known !== undefined) return known;
      numbers.set(value, values.length);
      return values.push(value) - 1;
    },
    at: (index) => values[index],
  };
}

function createColumns(room: number): Columns {
  return {
    starts: new Float64Array(room),
    directories: new Uint32Array(room),
    devices: new Uint32Array(room),
    inodes: new BigUint64Array(room),
  };
}

function withRoom(columns: Columns, room: number): Columns {
  const larger = createColumns(room);
  larger.starts.set(columns.starts);
  larger.directories.set(columns.directories);
  larger.devices.set(columns.devices);
  larger.inodes.set(columns.inodes);
  return larger;
}
