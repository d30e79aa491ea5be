import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Abortable } from "../../core/abort.ts";
import { EngineError, isKitsmithError } from "../../core/errors.ts";
import { dialEndpoint, type Endpoint } from "../../wire/endpoint.ts";

/** One question to a docker daemon. */
export interface DockerCall extends Abortable {
  /** Default GET. */
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A value, sent as JSON. */
  readonly json?: unknown;
  /** A tar, sent as a stream. */
  readonly tar?: AsyncIterable<Uint8Array>;
}

/** What a docker daemon answered. */
export interface DockerAnswer {
  readonly status: number;
  /** Cut after a mebibyte. */
  readonly body: string;
}

const ANSWER_LIMIT_CHARACTERS = 1 << 20;

/**
 * Asks a docker daemon, on a connection of its own.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`; whatever fails in the tar that is sent
 * @source https://github.com/moby/moby/blob/v28.5.2/api/swagger.yaml
 */
export async function callDocker(endpoint: Endpoint, call: DockerCall): Promise<DockerAnswer> {
  return await withDockerAnswer(endpoint, call, async (response) => ({
    status: response.statusCode ?? 0,
    body: await readText(response),
  }));
}

/**
 * Asks a docker daemon, and has a function read the answer as it comes. The connection is closed after it.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`; whatever fails in the tar that is sent, or in the function
 */
export async function withDockerAnswer<Result>(
  endpoint: Endpoint,
  call: DockerCall,
  read: (response: IncomingMessage) => Promise<Result>,
): Promise<Result> {
  let socket: Socket | undefined;
  try {
    socket = await dialEndpoint(endpoint, call);
    return await read(await send(socket, call));
  } catch (cause) {
    call.signal?.throwIfAborted();
    if (isKitsmithError(cause)) throw cause;
    throw new EngineError("ENGINE_UNREACHABLE", "the docker daemon does not answer, or broke the connection", {
      cause,
      hint: "Check that the daemon runs and that this user may use its socket.",
      retryable: true,
    });
  } finally {
    socket?.destroy();
  }
}

/** What a daemon says of a failure. */
export function dockerProblem({ status, body }: DockerAnswer): string {
  return (quotedField(body, "message") ?? body).trim().slice(0, 500) || `status ${status}`;
}

/** A text of an answer that may be cut, or one of several values. */
export function quotedField(body: string, name: "message" | "error"): string | undefined {
  const [, text] = new RegExp(`"${name}":\\s*"((?:[^"\\\\]|\\\\.)*)"`).exec(body) ?? [];
  return text?.replaceAll(/\\(.)/g, "$1");
}

async function send(
  socket: Socket,
  { method, path, headers, json, tar, signal }: DockerCall,
): Promise<IncomingMessage> {
  const type = tar ? "application/x-tar" : json === undefined ? undefined : "application/json";
  return await new Promise((resolve, reject) => {
    const call = request(
      {
        createConnection: () => socket,
        host: "docker",
        method: method ?? "GET",
        path,
        headers: { ...(type ? { "content-type": type } : {}), ...headers },
        ...(signal ? { signal } : {}),
      },
      resolve,
    );
    call.on("error", reject);
    // A daemon that refuses answers before it has read all: its answer counts then.
    if (tar) pipeline(Readable.from(tar), call).catch(reject);
    else call.end(json === undefined ? undefined : JSON.stringify(json));
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  let text = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    if (text.length < ANSWER_LIMIT_CHARACTERS) text += String(chunk);
  }
  return text;
}
