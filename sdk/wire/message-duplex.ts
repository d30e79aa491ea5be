import { Duplex } from "node:stream";

/** A call whose messages are slices of one byte stream in each direction. */
export interface ByteCall {
  readonly chunks: AsyncIterable<Uint8Array>;
  send(chunk: Uint8Array): Promise<void>;
  end(): void;
  cancel(): void;
}

/** The byte stream that is carried by the messages of a call; destroying it cancels the call. */
export function createMessageDuplex(call: ByteCall): Duplex {
  const incoming = call.chunks[Symbol.asyncIterator]();
  return new Duplex({
    read() {
      incoming.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
        (error) => this.destroy(error),
      );
    },
    write(chunk: Uint8Array, _encoding, done) {
      call.send(chunk).then(() => done(), done);
    },
    final(done) {
      call.end();
      done();
    },
    destroy(error, done) {
      call.cancel();
      done(error);
    },
  });
}
