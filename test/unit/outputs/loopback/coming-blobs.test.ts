import { expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import { createComingBlobs } from "../../../../sdk/outputs/loopback/coming-blobs.ts";

const DIGEST = digestOf("blob");
const nothing = async () => undefined;

/** Something that is sent, and its end. */
function transfer() {
  let end = (_sizeBytes: number): void => {};
  let breakOff = (): void => {};
  const arrival = new Promise<number>((resolve, reject) => {
    end = resolve;
    breakOff = () => reject(new Error("broken off"));
  });
  return { arrival, end, breakOff };
}

const settled = async (promise: Promise<unknown>) => {
  const pause = new Promise((resolve) => setTimeout(resolve, 20, "waits"));
  return await Promise.race([promise, pause]);
};

test("what is there is nobody's to send", async () => {
  const blobs = createComingBlobs(async () => 5);
  expect(await Promise.all([blobs.ask(DIGEST), blobs.ask(DIGEST)])).toEqual([5, 5]);
});

test("of those who ask at the same time one sends, and the others wait for it", async () => {
  const blobs = createComingBlobs(nothing);
  const asked = [1, 2, 3].map(() => blobs.ask(DIGEST));
  expect(await Promise.all(asked.map(settled))).toEqual([undefined, "waits", "waits"]);
  const { arrival, end } = transfer();
  const receiving = blobs.receive(DIGEST, arrival);
  expect(await settled(blobs.ask(DIGEST))).toBe("waits");
  end(7);
  await receiving;
  expect(await Promise.all([...asked.slice(1), blobs.ask(DIGEST)])).toEqual([7, 7, 7]);
});

test("one of those who wait sends what another broke off, or never began", async () => {
  const blobs = createComingBlobs(nothing);
  expect(await blobs.ask(DIGEST)).toBeUndefined();
  const { arrival, breakOff } = transfer();
  const receiving = blobs.receive(DIGEST, arrival);
  const waiting = [blobs.ask(DIGEST), blobs.ask(DIGEST)];
  breakOff();
  await expect(receiving).rejects.toThrow();
  expect(await waiting[0]).toBeUndefined();
  expect(await settled(Promise.all(waiting))).toBe("waits");
  expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
});

test("nobody waits for promises when all ends", async () => {
  const ending = new AbortController();
  const blobs = createComingBlobs(nothing, { signal: ending.signal });
  const asked = [1, 2].map(() => blobs.ask(DIGEST));
  expect(await Promise.all(asked.map(settled))).toEqual([undefined, "waits"]);
  ending.abort();
  expect(await settled(Promise.all(asked))).toEqual([undefined, undefined]);
});
