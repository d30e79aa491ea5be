import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FILE_MODE, type FileStat } from "../../../../sdk/core/file-stat.ts";
import { encodePacket, type Packet } from "../../../../sdk/wire/fsutil/packet.ts";
import { receiveTree } from "../../../../sdk/wire/fsutil/receiver.ts";
import { makeDirectory, makeTree } from "../../context/tree-fixture.ts";

function entry(path: string, more: Partial<FileStat> = {}): Packet {
  const empty = { uid: 0, gid: 0, sizeBytes: 0, mtimeNs: 0n, linkname: "", deviceMajor: 0, deviceMinor: 0 };
  return { type: "stat", stat: { ...empty, path, mode: 0o644, ...more } };
}

const directory = (path: string) => entry(path, { mode: FILE_MODE.directory + 0o755 });
const symlink = (path: string, linkname: string) => entry(path, { mode: FILE_MODE.symlink + 0o777, linkname });
const LISTED: Packet = { type: "stat", stat: undefined };

async function receive(packets: readonly Packet[], destination = makeDirectory()) {
  const sent: Uint8Array[] = [];
  async function* messages() {
    for (const packet of packets) yield encodePacket(packet);
  }
  return receiveTree(
    messages(),
    async (message) => {
      sent.push(message);
    },
    destination,
  );
}

describe("receiving", () => {
  it.each<[string, readonly Packet[]]>([
    ["an absolute path", [entry("/etc/passwd")]],
    ["a path that leaves the root", [entry("../x")]],
    ["a path that leaves the root on its way", [directory("a"), entry("a/../../x")]],
    ["the root", [directory(".")]],
    ["an empty path", [directory("")]],
    ["a path that is not clean", [directory("a"), entry("a//b")]],
    ["a slash at the end", [directory("a/")]],
    ["a zero byte", [entry("a\0b")]],
    ["a file below a symlink", [symlink("a", "/tmp"), entry("a/x")]],
    ["a file below a file", [entry("a"), entry("a/x")]],
    ["a file without its directory", [entry("a/x")]],
    ["an entry twice", [entry("a"), entry("a")]],
    ["a directory that became a symlink", [directory("a"), symlink("a", "/tmp")]],
    ["entries out of order", [entry("b"), entry("a")]],
    ["entries out of order below", [directory("a"), entry("a/b"), directory("c"), entry("a/c")]],
    ["entries in the order of UTF-16", [entry("\u{1F600}"), entry("\uFFEE")]],
    ["a hard link to nothing", [entry("b", { linkname: "a" })]],
    ["a hard link to the outside", [entry("b", { linkname: "../../etc/passwd" })]],
    ["a hard link to what the destination had", [entry("b", { linkname: "had" })]],
    ["entries after the end", [LISTED, entry("a")]],
  ])("refuses %s", async (_title, packets) => {
    const destination = makeTree({ had: "" });
    await expect(receive(packets, destination)).rejects.toMatchObject({ code: "FSUTIL_PATH_UNSAFE" });
  });

  it("does not write through symlinks that lie in the destination", async () => {
    const outside = makeTree({ file: "kept" });
    const destination = makeDirectory();
    symlinkSync(outside, join(destination, "a"));
    await receive([directory("a"), entry("a/file", { sizeBytes: 1 }), LISTED, ...content(1, "new")], destination);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("kept");
    expect(readFileSync(join(destination, "a/file"), "utf8")).toBe("new");
  });

  it("refuses content that was not asked for", async () => {
    await expect(receive([directory("a"), ...content(0, "x")])).rejects.toMatchObject({ code: "WIRE_FRAME_INVALID" });
  });

  it("leaves nothing half-written behind", async () => {
    const destination = makeDirectory();
    const packets: Packet[] = [entry("a"), { type: "data", id: 0, data: Buffer.from("half") }];
    await expect(receive(packets, destination)).rejects.toMatchObject({ code: "FSUTIL_PEER_FAILED" });
    const failed: Packet[] = [...packets, { type: "error", message: "sorry" }];
    await expect(receive(failed, destination)).rejects.toMatchObject({ code: "FSUTIL_PEER_FAILED" });
    expect(readdirSync(destination)).toEqual([]);
  });

  it("says what cannot be written", async () => {
    const destination = join(makeTree({ file: "" }), "file");
    await expect(receive([LISTED], destination)).rejects.toMatchObject({ code: "CONTENT_WRITE_FAILED" });
  });

  it("stops with the reason of the signal", async () => {
    const reason = new Error("enough");
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
    const controller = new AbortController();
    const receiving = receiveTree(never, async () => {}, makeDirectory(), { signal: controller.signal });
    controller.abort(reason);
    await expect(receiving).rejects.toBe(reason);
  });
});

function content(id: number, text: string): readonly Packet[] {
  return [
    { type: "data", id, data: Buffer.from(text) },
    { type: "data", id, data: new Uint8Array(0) },
  ];
}
