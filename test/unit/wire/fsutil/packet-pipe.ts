import type { PacketStream } from "../../../../sdk/wire/fsutil/packet-stream.ts";

/** One end of a transfer in memory. */
export interface PipeEnd extends PacketStream {
  /** Ends this side's direction. */
  end(): void;
}

/** Two connected ends. A side that has sent `room` messages waits until the other has read them. */
export function createPipe(room = 4): readonly [PipeEnd, PipeEnd] {
  const there = createDirection(room);
  const back = createDirection(room);
  return [
    { messages: back.messages(), send: there.send, end: there.end },
    { messages: there.messages(), send: back.send, end: back.end },
  ];
}

function createDirection(room: number) {
  const queue: Uint8Array[] = [];
  const waiting: (() => void)[] = [];
  let ended = false;
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const change = () => new Promise<void>((resolve) => waiting.push(resolve));
  return {
    end: () => {
      ended = true;
      wake();
    },
    send: async (message: Uint8Array) => {
      // A copy, as a socket would make it: what is changed afterwards does not arrive.
      queue.push(Uint8Array.from(message));
      wake();
      while (queue.length > room && !ended) await change();
    },
    messages: async function* (): AsyncGenerator<Uint8Array, void> {
      for (;;) {
        const next = queue.shift();
        if (next !== undefined) {
          wake();
          yield next;
        } else if (ended) return;
        else await change();
      }
    },
  };
}
