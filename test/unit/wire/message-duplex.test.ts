import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { createMessageDuplex } from "../../../sdk/wire/message-duplex.ts";

async function* slices(...texts: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const slice of texts) yield Buffer.from(slice);
}

describe("a byte stream in messages", () => {
  test("reads what comes and writes what is given", async () => {
    const calls: string[] = [];
    const duplex = createMessageDuplex({
      chunks: slices("ab", "c"),
      send: async (chunk) => void calls.push(Buffer.from(chunk).toString()),
      end: () => void calls.push("end"),
      cancel: () => void calls.push("cancel"),
    });
    duplex.write("x");
    duplex.end("y");
    expect(await text(duplex)).toBe("abc");
    if (!duplex.closed) await once(duplex, "close");
    expect(calls).toEqual(["x", "y", "end", "cancel"]);
  });

  test("breaks when the call does", async () => {
    const failure = new Error("gone");
    const duplex = createMessageDuplex({
      chunks: (async function* () {
        yield* slices("a");
        throw failure;
      })(),
      send: async () => {
        throw failure;
      },
      end: () => {},
      cancel: () => {},
    });
    await expect(text(duplex)).rejects.toBe(failure);
  });

  test("destroyed, cancels the call", async () => {
    let canceled = 0;
    const duplex = createMessageDuplex({
      chunks: slices("a"),
      send: async () => {},
      end: () => {},
      cancel: () => {
        canceled += 1;
      },
    });
    duplex.destroy();
    await once(duplex, "close");
    expect(canceled).toBe(1);
  });
});
