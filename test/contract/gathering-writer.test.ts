import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGatheringWriter } from "../../sdk/oci/layout/gathering-writer.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-writer-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** Chunks of these sizes, each full of one byte. */
function chunksOf(sizes: readonly number[]): Buffer[] {
  return sizes.map((sizeBytes, index) => Buffer.alloc(sizeBytes, index + 1));
}

describe("a file that is written while chunks come", () => {
  test("holds what came, however it was cut, and though the chunks change afterwards", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 1_500_000 }), { maxLength: 5 }), async (sizes) => {
        const file = join(directory, "file");
        await using handle = await open(file, "w");
        const writer = createGatheringWriter(handle);
        const expected = Buffer.concat(chunksOf(sizes));
        for (const chunk of chunksOf(sizes)) {
          await writer.write(chunk);
          chunk.fill(0);
        }
        await writer.finish();
        expect((await readFile(file)).equals(expected)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test("tells at the end, or before, that it cannot be written", async () => {
    await writeFile(join(directory, "read-only"), "");
    await using readOnly = await open(join(directory, "read-only"), "r");
    const writer = createGatheringWriter(readOnly);
    const chunk = Buffer.alloc(2_000_000);
    await expect(writer.write(chunk).then(() => writer.write(chunk))).rejects.toMatchObject({ code: "EBADF" });
    await expect(writer.finish()).rejects.toMatchObject({ code: "EBADF" });
    await writer.settled();
  });
});
