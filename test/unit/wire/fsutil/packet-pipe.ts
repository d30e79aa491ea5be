import type { PacketStream } from "../../../../sdk/wire/fsutil/packet-stream.ts";
import { decodeFrames } from "../../../../sdk/wire/grpc-frame.ts";

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
    { messages: back.messages(), ...there.ways },
    { messages: there.messages(), ...back.ways },
  ];
}

async function* onlyChunk(chunk: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield chunk;
}

function createDirection(room: number) {
  const queue: Uint8Array[] = [];
  const waiting: (() => void)[] = [];
  let ended = false;
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const change = () => new Promise<void>((resolve) => waiting.push(resolve));
  const send = async (message: Uint8Array): Promise<void> => {
    // A copy, as a socket would make it: what is changed afterwards does not arrive.
    queue.push(Uint8Array.from(message));
    wake();
    while (queue.length > room && !ended) await change();
  };
  const end = (): void => {
    ended = true;
    wake();
  };
  return {
    ways: {
      send,
      end,
      sendFrames: async (frames: Uint8Array) => {
        for await (const message of decodeFrames(onlyChunk(frames), frames.byteLength)) await send(message);
      },
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
