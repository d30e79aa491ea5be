import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../sdk/core/digest.ts";
import { ImageTree } from "../../../sdk/image/image-tree.ts";
import type { Descriptor } from "../../../sdk/oci/model/descriptor.ts";

type Entry = {
  readonly name: string;
  readonly type?: "file" | "directory" | "symlink" | "link";
  readonly linkname?: string;
  readonly mode?: number;
  readonly content?: string;
};

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = "", ...header } of entries) archive.entry({ mode: 0o644, ...header }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** An image of these layers, lowest first. */
async function imageOf(...layers: readonly (readonly Entry[])[]): Promise<ImageTree> {
  const stored = new Map<string, Buffer>();
  const descriptors: Descriptor[] = [];
  for (const entries of layers) {
    const bytes = gzipSync(await tarOf(entries));
    const digest = digestOf(bytes);
    stored.set(digest, bytes);
    descriptors.push({ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", size: bytes.length, digest });
  }
  return await ImageTree.read(descriptors, async function* (layer) {
    yield stored.get(layer.digest) ?? Buffer.alloc(0);
  });
}

const text = async (tree: ImageTree, path: string) => (await tree.readFile(path))?.toString();

describe("ImageTree", () => {
  test("the upper layer wins", async () => {
    const tree = await imageOf([{ name: "etc/os", content: "old" }], [{ name: "etc/os", content: "new" }]);
    expect(await text(tree, "/etc/os")).toBe("new");
  });

  test("whiteouts remove, opaque directories hide what is below", async () => {
    const tree = await imageOf(
      [
        { name: "a", content: "1" },
        { name: "dir/one", content: "1" },
        { name: "dir/sub/two", content: "2" },
      ],
      [{ name: ".wh.a" }, { name: "dir/.wh..wh..opq" }, { name: "dir/three", content: "3" }],
    );
    expect(tree.stat("/a")).toBeUndefined();
    expect(await tree.readFile("dir/one")).toBeUndefined();
    expect(await tree.readFile("dir/sub/two")).toBeUndefined();
    expect(await text(tree, "dir/three")).toBe("3");
  });

  test("symlinks are followed inside of the image, whatever they point at", async () => {
    const tree = await imageOf([
      { name: "bin", type: "directory", mode: 0o755 },
      { name: "bin/real", content: "program" },
      { name: "usr/bin", type: "symlink", linkname: "../bin" },
      { name: "absolute", type: "symlink", linkname: "/usr/bin/real" },
      { name: "outside", type: "symlink", linkname: "../../../../etc/passwd" },
      { name: "loop", type: "symlink", linkname: "loop" },
    ]);
    expect(await text(tree, "/usr/bin/real")).toBe("program");
    expect(await text(tree, "/absolute")).toBe("program");
    expect(tree.stat("/outside")).toBeUndefined();
    expect(tree.stat("/loop")).toBeUndefined();
  });

  test("hard links have the content of what they link to", async () => {
    const tree = await imageOf([
      { name: "one", content: "same", mode: 0o755 },
      { name: "two", type: "link", linkname: "one" },
    ]);
    expect(await text(tree, "two")).toBe("same");
    expect(tree.stat("two")).toMatchObject({ kind: "file", mode: 0o755, sizeBytes: 4 });
  });

  test("lists a directory, sorted, and nothing else", async () => {
    const tree = await imageOf([
      { name: "./b", content: "" },
      { name: "./a", type: "directory" },
      { name: "./a/inner", content: "" },
    ]);
    expect(tree.list("/")).toEqual(["a", "b"]);
    expect(tree.list("/a")).toEqual(["inner"]);
    expect(tree.list("/b")).toBeUndefined();
    expect(tree.list("/missing")).toBeUndefined();
  });

  test("a layer that is no archive says which one", async () => {
    const bytes = Buffer.from("not gzip");
    const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", size: 8, digest: digestOf(bytes) };
    const read = ImageTree.read([layer], async function* () {
      yield bytes;
    });
    await expect(read).rejects.toMatchObject({ code: "CONTENT_CORRUPT" });
  });
});
