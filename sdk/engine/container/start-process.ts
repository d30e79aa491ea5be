import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { anySignal, raceAbort } from "../../core/abort.ts";
import { BuildError, ProtocolError } from "../../core/errors.ts";
import { type ExecMessage, type ExecMessageSchema, type ExitMessage, LLBBridge } from "../../proto/gen/gateway_pb.js";
import { type SecretEnvSchema, SecurityMode } from "../../proto/gen/ops_pb.js";
import { StatusSchema } from "../../proto/gen/status_pb.js";
import { createIdentifier } from "../../session/identifier.ts";
import { decodeStatusDetails } from "../../wire/status-details.ts";
import type { BridgeStream } from "../job/bridge-stream.ts";
import type { JobConnection } from "../job/job-connection.ts";
import type { ContainerProcess, ProcessOptions } from "./container.ts";
import { sendInput } from "./process-input.ts";

type Input = NonNullable<MessageInitShape<typeof ExecMessageSchema>["Input"]>;
type Stream = BridgeStream<typeof ExecMessageSchema, typeof ExecMessageSchema>;

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
/** Stands for the absence of an exit code, where no detail of the error names one. */
const NO_EXIT_CODE = 255;

/** What a program may do, and is told, beyond its options. */
export interface ProcessPrivileges {
  /** Needs the entitlement. Default: the sandbox's. */
  readonly security?: SecurityMode;
  /** Secrets that it finds in its environment. */
  readonly secretenv?: readonly MessageInitShape<typeof SecretEnvSchema>[];
}

/** A container, as the daemon knows it. */
export interface ProcessPlace {
  readonly id: string;
  readonly privileges: ProcessPrivileges;
}

/**
 * Starts a program in a container. It has a stream of its own, since one that cannot be started ends the stream with all
 * that run on it.
 */
export async function startProcess(
  connection: JobConnection,
  place: ProcessPlace,
  args: readonly string[],
  options: ProcessOptions,
  disposed: AbortSignal,
): Promise<ContainerProcess> {
  disposed.throwIfAborted();
  const processId = createIdentifier();
  const stop = new AbortController();
  const signal = anySignal(options.signal, disposed, stop.signal);
  const stream = connection.openStream(LLBBridge.method.execProcess, { signal });
  const exited = new AbortController();
  // A message that cannot be sent is no error here: reading tells why the stream broke.
  const send = async (Input: Input): Promise<void> =>
    await raceAbort(stream.send({ ProcessID: processId, Input }), exited.signal).catch(() => undefined);
  const control = async (Input: Input): Promise<void> => (exited.signal.aborted ? undefined : await send(Input));
  const started = deferred();
  const feed = async (): Promise<void> => {
    if (options.stdin === undefined) return;
    await sendInput(options.stdin, exited.signal, (Data) => send(file(Data)));
    // Even after the exit: without it the daemon would not say that the program is done.
    stream.send({ ProcessID: processId, Input: endOfInput() }).catch(() => undefined);
  };
  const run = async (): Promise<number> => {
    void send(encodeInit(place, args, options));
    return await follow(stream, {
      onStarted: () => {
        started.resolve();
        feed().catch((error: unknown) => stop.abort(error));
      },
      onExit: () => exited.abort(),
      onOutput: options.onOutput,
    });
  };
  const ended = run().finally(() => {
    exited.abort();
    stream.close();
  });
  ended.catch(() => undefined);
  await Promise.race([started.promise, ended]);
  return {
    exited: ended,
    resize: ({ rows, columns }) => control({ case: "Resize", value: { Rows: rows, Cols: columns } }),
    signal: (name) => control({ case: "Signal", value: { Name: name.replace(/^SIG/, "") } }),
  };
}

interface ProcessEvents {
  readonly onStarted: () => void;
  readonly onExit: () => void;
  readonly onOutput: ProcessOptions["onOutput"];
}

/**
 * Reads until the daemon has said how the program ended, and that it is done with its input and outputs. Either may come
 * first: output after the exit, or the exit after the program has closed what it had open.
 */
async function follow(stream: Stream, { onStarted, onExit, onOutput }: ProcessEvents): Promise<number> {
  let exit: ExitMessage | undefined;
  let done = false;
  for await (const { Input } of stream.messages) {
    if (Input.case === "Started") onStarted();
    if (Input.case === "File" && Input.value.Data.byteLength > 0) await onOutput?.(outputOf(Input.value));
    if (Input.case === "Done") done = true;
    if (Input.case === "Exit") {
      exit = Input.value;
      onExit();
    }
    if (done && exit !== undefined) return exitCodeOf(exit);
  }
  throw new ProtocolError("WIRE_FRAME_INVALID", "the engine did not say how the program ended");
}

type File = Extract<ExecMessage["Input"], { readonly case: "File" }>["value"];

function outputOf({ Fd, Data }: File): Parameters<NonNullable<ProcessOptions["onOutput"]>>[0] {
  // The decoder gives a view of the whole message, which would stay in memory with it.
  return { stream: Fd === STDERR ? "stderr" : "stdout", data: Uint8Array.from(Data) };
}

function exitCodeOf({ Code, Error: status }: ExitMessage): number {
  if (Code !== NO_EXIT_CODE || status === undefined) return Code;
  const details = decodeStatusDetails(toBinary(StatusSchema, create(StatusSchema, status)))?.details ?? [];
  if (details.some(({ type }) => type === "gatewayapi.ExitMessage")) return Code;
  throw new BuildError("BUILD_PROCESS_FAILED", status.message);
}

function encodeInit({ id, privileges }: ProcessPlace, args: readonly string[], options: ProcessOptions): Input {
  const { env = {}, cwd = "/", user = "", stdin, tty = false } = options;
  return {
    case: "Init",
    value: {
      ContainerID: id,
      Meta: { args: [...args], env: Object.entries(env).map(([name, value]) => `${name}=${value}`), cwd, user },
      Fds: [...(stdin === undefined ? [] : [STDIN]), STDOUT, ...(tty ? [] : [STDERR])],
      Tty: tty,
      Security: privileges.security ?? SecurityMode.SANDBOX,
      secretenv: [...(privileges.secretenv ?? [])],
    },
  };
}

function file(Data: Uint8Array): Input {
  return { case: "File", value: { Fd: STDIN, Data } };
}

function endOfInput(): Input {
  return { case: "File", value: { Fd: STDIN, EOF: true } };
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
