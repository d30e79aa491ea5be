import { expect, test } from "vitest";
import { encodeDataHeader, FRAME_TYPE, type FrameHeader } from "../../../../sdk/wire/http2/frame.ts";
import { createFrameWatch } from "../../../../sdk/wire/http2/frame-watch.ts";

function frame(type: number, streamId: number, payload: string, flags = 0): Buffer {
  const header = encodeDataHeader(streamId, payload.length);
  header[3] = type;
  header[4] = flags;
  return Buffer.concat([header, Buffer.from(payload)]);
}

const PREFACE = "PRI * preface";
const FRAMES = [
  frame(FRAME_TYPE.settings, 0, "settings"),
  frame(FRAME_TYPE.headers, 1, "headers", 4),
  frame(FRAME_TYPE.windowUpdate, 1, "more"),
  frame(FRAME_TYPE.windowUpdate, 0, "more"),
  frame(FRAME_TYPE.data, 2 ** 31 - 1, "content"),
  frame(FRAME_TYPE.settings, 0, "", 1),
] as const;

test.each([1, 2, 5, 9, 20, 1000])("frames are told and kept back, in pieces of %i bytes", (pieceBytes) => {
  const seen: (FrameHeader & { readonly payload: string | undefined })[] = [];
  const watch = createFrameWatch({
    prefaceBytes: PREFACE.length,
    whole: new Set([FRAME_TYPE.settings, FRAME_TYPE.windowUpdate]),
    onFrame: (header, payload) => {
      seen.push({ ...header, payload: payload?.toString() });
      return header.type !== FRAME_TYPE.windowUpdate;
    },
  });
  const bytes = Buffer.concat([Buffer.from(PREFACE), ...FRAMES]);
  const passed: Buffer[] = [];
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) {
    passed.push(...watch.pass(bytes.subarray(at, at + pieceBytes)));
  }
  expect(watch.isBetweenFrames()).toBe(true);
  const [settings, headers, , , data, acknowledged] = FRAMES;
  const expected = [Buffer.from(PREFACE), settings, headers, data, acknowledged];
  expect(Buffer.concat(passed).toString("hex")).toBe(Buffer.concat(expected).toString("hex"));
  expect(seen).toEqual([
    { type: FRAME_TYPE.settings, flags: 0, streamId: 0, sizeBytes: 8, payload: "settings" },
    { type: FRAME_TYPE.headers, flags: 4, streamId: 1, sizeBytes: 7, payload: undefined },
    { type: FRAME_TYPE.windowUpdate, flags: 0, streamId: 1, sizeBytes: 4, payload: "more" },
    { type: FRAME_TYPE.windowUpdate, flags: 0, streamId: 0, sizeBytes: 4, payload: "more" },
    { type: FRAME_TYPE.data, flags: 0, streamId: 2 ** 31 - 1, sizeBytes: 7, payload: undefined },
    { type: FRAME_TYPE.settings, flags: 1, streamId: 0, sizeBytes: 0, payload: "" },
  ]);
});

test("frames that are too long to be wanted whole are passed on as they come", () => {
  const watch = createFrameWatch({ whole: new Set([FRAME_TYPE.settings]), onFrame: () => false });
  const start = encodeDataHeader(0, 2 ** 24 - 1);
  start[3] = FRAME_TYPE.settings;
  expect(watch.pass(start)).toEqual([start]);
  expect(watch.isBetweenFrames()).toBe(false);
});
