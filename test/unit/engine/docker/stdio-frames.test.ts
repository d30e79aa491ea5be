import fc from "fast-check";
import { expect, test } from "vitest";
import { createStdioDecoder } from "../../../../sdk/engine/docker/stdio-frames.ts";

function frame(stream: number, text: string): Buffer {
  const data = Buffer.from(text);
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(data.byteLength, 4);
  return Buffer.concat([header, data]);
}

test("what a process wrote is the same, however the connection cuts it", () => {
  const written = fc.array(fc.record({ stream: fc.constantFrom(1, 2), text: fc.string({ unit: "binary" }) }));
  fc.assert(
    fc.property(written, fc.array(fc.nat({ max: 20 }), { minLength: 1 }), (frames, sizes) => {
      const bytes = Buffer.concat(frames.map(({ stream, text }) => frame(stream, text)));
      const decode = createStdioDecoder();
      const seen = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
      for (let position = 0, turn = 0; position < bytes.byteLength; turn += 1) {
        const size = (sizes[turn % sizes.length] ?? 0) + 1;
        for (const { stream, data } of decode(bytes.subarray(position, position + size))) {
          seen[stream] = Buffer.concat([seen[stream], data]);
        }
        position += size;
      }
      const of = (wanted: number) => frames.flatMap(({ stream, text }) => (stream === wanted ? [text] : [])).join("");
      expect(seen.stdout).toEqual(Buffer.from(of(1)));
      expect(seen.stderr).toEqual(Buffer.from(of(2)));
    }),
  );
});
