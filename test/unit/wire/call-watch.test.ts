import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Probe, watchCall } from "../../../sdk/wire/call-watch.ts";

const alive: Probe = async () => {};
const silent: Probe = (timeoutMs) =>
  new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), timeoutMs));
const never = new Promise<string>(() => {});

describe("a watched call", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("gives its answer, and its error", async () => {
    await expect(watchCall(Promise.resolve("yes"), silent, { beside: alive })).resolves.toBe("yes");
    const failure = new Error("no");
    await expect(watchCall(Promise.reject(failure), alive, { beside: alive })).rejects.toBe(failure);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("fails when its connection is deaf and another one is not", async () => {
    const call = watchCall(never, silent, { beside: alive });
    call.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(4100);
    await expect(call).rejects.toMatchObject({ status: "UNAVAILABLE" });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is looked at sooner on a hint", async () => {
    const probes: number[] = [];
    const own: Probe = async () => void probes.push(Date.now());
    const start = Date.now();
    void watchCall(never, own, { beside: alive, soon: Promise.resolve() });
    await vi.advanceTimersByTimeAsync(250);
    expect(probes).toEqual([start + 200]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(probes).toHaveLength(2);
  });

  test("asks less and less, and the other connection not at all, while its own answers", async () => {
    const asked: string[] = [];
    const probe =
      (name: string): Probe =>
      async () =>
        void asked.push(name);
    void watchCall(never, probe("own"), { beside: probe("beside") });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual(Array.from({ length: 7 }, () => "own"));
  });

  test("goes on while nothing answers, as on a busy machine", async () => {
    let answer: ((text: string) => void) | undefined;
    const late = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const call = watchCall(late, silent, { beside: silent });
    await vi.advanceTimersByTimeAsync(20_000);
    answer?.("at last");
    await expect(call).resolves.toBe("at last");
  });

  test("fails when nothing answers for long", async () => {
    const call = watchCall(never, silent, { beside: silent });
    call.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    await expect(call).rejects.toMatchObject({ status: "UNAVAILABLE" });
  });
});
