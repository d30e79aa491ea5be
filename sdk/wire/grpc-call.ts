import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { type Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { Abortable } from "../core/abort.ts";
import { Health } from "../proto/gen/health_pb.js";
import { type CallWatch, watchCall } from "./call-watch.ts";
import { StatusError, statusName } from "./status.ts";

/** Options of one call. */
export interface CallOptions extends Abortable {
  /** A list becomes one header per value. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** After so long the call fails with DEADLINE_EXCEEDED. Default: never. */
  readonly timeoutMs?: number;
  /** For calls whose answer may be too long to be read, as a failed build's is. Default: not watched. */
  readonly watch?: CallWatch;
}

/** An open call in which both sides send messages. */
export interface BidiCall<Input extends DescMessage, Output extends DescMessage> {
  /** The peer's messages; iterating throws StatusError, leaving the loop cancels the call. */
  readonly messages: AsyncIterable<MessageShape<Output>>;
  /** Resolves when there is room for more. */
  send(message: MessageInitShape<Input>): Promise<void>;
  /** Says that nothing more will be sent. */
  end(): void;
  cancel(): void;
}

/** Sends one message and gives the answer. */
export async function callUnary<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  options: CallOptions,
): Promise<MessageShape<O>> {
  const { signal, watch } = options;
  signal?.throwIfAborted();
  let cancel = (): void => {};
  const answer = new Promise<MessageShape<O>>((resolve, reject) => {
    const call = client.makeUnaryRequest(
      methodPath(method),
      (message: MessageInitShape<I>) => encode(method.input, message),
      (bytes) => fromBinary(method.output, bytes),
      request,
      metadataOf(options),
      deadlineOf(options),
      (error, response) => (error === null && response !== undefined ? resolve(response) : reject(statusOf(error))),
    );
    cancel = () => call.cancel();
  });
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    return await (watch === undefined ? answer : watchCall(answer, (timeoutMs) => probe(client, timeoutMs), watch));
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/** Settles with any sign of life, an error of the server included; rejects if there is none within the time. */
export async function probe(client: Client, timeoutMs: number): Promise<void> {
  try {
    await callUnary(client, Health.method.check, {}, { timeoutMs });
  } catch (error) {
    if (error instanceof StatusError && ["DEADLINE_EXCEEDED", "UNAVAILABLE"].includes(error.status)) throw error;
  }
}

/** Sends one message and gives the answers as they come. */
export async function* callServerStream<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodServerStreaming<I, O>,
  request: MessageInitShape<I>,
  options: CallOptions,
): AsyncGenerator<MessageShape<O>, void> {
  options.signal?.throwIfAborted();
  const call = client.makeServerStreamRequest(
    methodPath(method),
    (message: MessageInitShape<I>) => encode(method.input, message),
    (bytes) => fromBinary(method.output, bytes),
    request,
    metadataOf(options),
    deadlineOf(options),
  );
  yield* answers<MessageShape<O>>(call, options);
}

/** Opens a call in which both sides send. */
export function callBidi<I extends DescMessage, O extends DescMessage>(
  client: Client,
  method: DescMethodBiDiStreaming<I, O>,
  options: CallOptions,
): BidiCall<I, O> {
  options.signal?.throwIfAborted();
  const call = client.makeBidiStreamRequest(
    methodPath(method),
    (message: MessageInitShape<I>) => encode(method.input, message),
    (bytes) => fromBinary(method.output, bytes),
    metadataOf(options),
    deadlineOf(options),
  );
  return {
    messages: answers<MessageShape<O>>(call, options),
    send: (message) =>
      new Promise((resolve, reject) => {
        call.write(message, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
      }),
    end: () => void call.end(),
    cancel: () => call.cancel(),
  };
}

interface AnswerStream extends AsyncIterable<unknown> {
  cancel(): void;
}

async function* answers<M>(call: AnswerStream & AsyncIterable<M>, options: Abortable): AsyncGenerator<M, void> {
  const cancel = (): void => call.cancel();
  options.signal?.addEventListener("abort", cancel, { once: true });
  try {
    yield* call;
  } catch (error) {
    options.signal?.throwIfAborted();
    throw statusOf(error);
  } finally {
    options.signal?.removeEventListener("abort", cancel);
    call.cancel();
  }
}

function methodPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function encode<I extends DescMessage>(schema: I, message: MessageInitShape<I>): Buffer {
  const bytes = toBinary(schema, create(schema, message));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function metadataOf(options: CallOptions): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    for (const one of typeof value === "string" ? [value] : value) metadata.add(name, one);
  }
  return metadata;
}

function deadlineOf(options: CallOptions): { deadline?: number } {
  return options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "details" in error && "metadata" in error;
}

function statusOf(error: unknown): StatusError {
  if (!isServiceError(error)) return new StatusError("INTERNAL", "the call failed", { cause: error });
  const [details] = error.metadata.get("grpc-status-details-bin");
  // grpc-js adds a note on name resolution, mostly empty.
  return new StatusError(statusName(error.code), error.details.replace(/ Resolution note: $/, ""), {
    encodedDetails: details instanceof Uint8Array ? details : undefined,
  });
}
