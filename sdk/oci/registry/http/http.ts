import { setMaxListeners } from "node:events";
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Abortable } from "../../../core/abort.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { ContentStream } from "../../model/content.ts";
import { asNetworkError } from "./network-error.ts";
import { type ProxyFinder, proxyHeaders } from "./proxy.ts";
import { createSecureAgents } from "./secure-agents.ts";

/** One HTTP request. */
export interface HttpRequest extends Abortable {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Content of a known size; a stream is made anew for every attempt. */
  readonly body?: { readonly sizeBytes: number; readonly open: () => ContentStream | Iterable<Uint8Array> } | undefined;
}

/** What came back; the body must be read or discarded. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Where it came from in the end. */
  readonly url: URL;
  readonly body: ContentStream;
  /** Gives the connection up, or back: what is left of a small answer is read. */
  discard(): void;
  /** Breaks the connection, unless the answer was read to its end. */
  abandon(): void;
}

/** Sends requests over kept connections. */
export interface HttpSender {
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

/** Registries may think for a while over a large blob before they answer. */
const IDLE_TIMEOUT_MS = 120_000;
const SHORT_BYTES = 64 * 1024;
const REDIRECT_LIMIT = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** How connections are made. */
export interface HttpSenderOptions {
  /** Authorities to trust, PEM. Default: those of Node. */
  readonly certificates?: (() => Promise<readonly string[]>) | undefined;
  /** Default: no proxy. */
  readonly proxyFor?: ProxyFinder | undefined;
}

/** Creates a sender. GET and HEAD follow redirects; to another origin they go without the request's credentials. */
export function createHttpSender({ certificates, proxyFor }: HttpSenderOptions = {}): HttpSender {
  const plain = new HttpAgent({ keepAlive: true, timeout: IDLE_TIMEOUT_MS });
  const secure = createSecureAgents(certificates, IDLE_TIMEOUT_MS);

  async function sendOnce(request: HttpRequest): Promise<HttpAnswer> {
    const { url } = request;
    const proxy = proxyFor?.(url);
    if (url.protocol === "https:") {
      const agent = await secure.get(proxy);
      return await exchange(request, (options) => httpsRequest(url, { ...options, agent }));
    }
    if (proxy === undefined) {
      return await exchange(request, (options) => httpRequest(url, { ...options, agent: plain }));
    }
    // A proxy is asked for the whole address.
    return await exchange(request, ({ headers, ...options }) =>
      (proxy.protocol === "https:" ? httpsRequest : httpRequest)(proxy, {
        ...options,
        path: url.href,
        headers: { ...headers, host: url.host, ...proxyHeaders(proxy) },
      }),
    );
  }

  return {
    async send(first) {
      let request = first;
      for (let hops = 0; hops <= REDIRECT_LIMIT; hops += 1) {
        const answer = await sendOnce(request);
        const target = redirectTarget(request, answer);
        if (target === undefined) return answer;
        answer.discard();
        request = redirected(request, target);
      }
      throw new RegistryError("REGISTRY_PROTOCOL", `${first.url.host} redirects without end`);
    },
    close() {
      plain.destroy();
      secure.close();
    },
  };
}

type StartRequest = (options: {
  method: string;
  headers: Record<string, string>;
  signal?: AbortSignal;
}) => ReturnType<typeof httpRequest>;

async function exchange(request: HttpRequest, start: StartRequest): Promise<HttpAnswer> {
  const { signal, body } = request;
  signal?.throwIfAborted();
  // Many requests may share the caller's signal: that is no leak.
  if (signal !== undefined) setMaxListeners(0, signal);
  const headers = { ...request.headers, ...(body === undefined ? {} : { "content-length": String(body.sizeBytes) }) };
  const outgoing = start({ method: request.method, headers, ...(signal === undefined ? {} : { signal }) });
  outgoing.setTimeout(IDLE_TIMEOUT_MS, () => outgoing.destroy(new Error("the registry sends nothing")));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    // It stays: later errors reach whoever reads the body.
    outgoing.on("error", reject);
  });
  let sourceFailure: { readonly cause: unknown } | undefined;
  const sent = sendBody(outgoing, body?.open(), answered).catch((cause: unknown) => {
    sourceFailure = { cause };
    throw cause;
  });
  try {
    // A source that fails must end the exchange; a connection that breaks does so by itself.
    const incoming = await Promise.race([answered, sent.then(() => answered)]);
    return answerOf(request, incoming, outgoing);
  } catch (cause) {
    outgoing.destroy();
    if (sourceFailure !== undefined) throw sourceFailure.cause;
    throw asNetworkError(cause, request.url, signal);
  }
}

/** Sends the body as fast as the peer takes it; an early answer ends it. */
async function sendBody(
  outgoing: ReturnType<typeof httpRequest>,
  body: ContentStream | Iterable<Uint8Array> | undefined,
  answered: Promise<IncomingMessage>,
): Promise<void> {
  let over = false;
  const end = () => {
    over = true;
  };
  const ended = answered.then(end, end);
  for await (const chunk of body ?? []) {
    if (over) return;
    if (chunk.byteLength === 0 || outgoing.write(chunk)) continue;
    await Promise.race([ended, new Promise<void>((resolve) => outgoing.once("drain", resolve))]);
  }
  if (!over) outgoing.end();
}

function answerOf(
  request: HttpRequest,
  incoming: IncomingMessage,
  outgoing: ReturnType<typeof httpRequest>,
): HttpAnswer {
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    url: request.url,
    body: readBody(incoming, request),
    discard() {
      // A request that is not sent to its end leaves a connection that nobody can use again.
      if (outgoing.writableFinished) drain(incoming, request.method === "HEAD");
      else outgoing.destroy();
    },
    abandon() {
      if (!incoming.readableEnded) outgoing.destroy();
    },
  };
}

/** Reads what is left, so that the connection can be used again, but not more than a new connection costs. */
function drain(incoming: IncomingMessage, isEmpty: boolean): void {
  let leftBytes = SHORT_BYTES;
  if (!isEmpty && Number(incoming.headers["content-length"] ?? 0) > leftBytes) return void incoming.destroy();
  // What breaks now is of interest to nobody.
  incoming.on("error", () => undefined);
  incoming.on("data", (chunk: Uint8Array) => {
    leftBytes -= chunk.byteLength;
    if (leftBytes < 0) incoming.destroy();
  });
}

async function* readBody(incoming: IncomingMessage, request: HttpRequest): ContentStream {
  try {
    for await (const chunk of incoming) yield chunk;
  } catch (cause) {
    throw asNetworkError(cause, request.url, request.signal);
  }
}

function redirectTarget(request: HttpRequest, answer: HttpAnswer): URL | undefined {
  const { location } = answer.headers;
  const follows = request.method === "GET" || request.method === "HEAD";
  if (!follows || !REDIRECTS.has(answer.status) || location === undefined) return undefined;
  const target = URL.canParse(location, request.url.href) ? new URL(location, request.url) : undefined;
  const isWeb = target?.protocol === "https:" || (target?.protocol === "http:" && request.url.protocol === "http:");
  if (target !== undefined && isWeb) return target;
  answer.discard();
  throw new RegistryError("REGISTRY_PROTOCOL", `${request.url.host} redirects to what is no safe address`);
}

/** The same request to another place; only the same origin may see our credentials. */
function redirected(request: HttpRequest, target: URL): HttpRequest {
  const { authorization, ...others } = request.headers;
  const isSame = target.origin === request.url.origin;
  const headers = isSame && authorization !== undefined ? { ...others, authorization } : others;
  return { ...request, url: target, headers };
}
