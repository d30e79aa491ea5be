import type { Abortable } from "../../core/abort.ts";
import { ANONYMOUS, type CredentialSource, type TokenFetcher } from "../../credentials/credential-source.ts";
import type { Mirrors } from "../../credentials/mirrors.ts";
import type { Reference } from "../model/reference.ts";
import { type Authorizer, createAuthorizer } from "./authorization/authorizer.ts";
import { createTokenFetcher } from "./authorization/token-fetcher.ts";
import { readAnswerError } from "./http/answer-error.ts";
import { createEndpointFinder, type Endpoint } from "./http/endpoint.ts";
import { createHttpSender, type HttpAnswer, type HttpRequest } from "./http/http.ts";
import { createProxyFinder } from "./http/proxy.ts";
import { withRetry } from "./http/retry.ts";

/** A repository: the registry and the path in it. */
export type Repository = Pick<Reference, "registry" | "repository">;

/** One call of the distribution API. */
export interface RegistryCall extends Abortable {
  readonly repository: Repository;
  readonly method: HttpRequest["method"];
  /** Below the repository, such as `manifests/v1`, or an address that the registry gave. */
  readonly path: string | URL;
  readonly access: "pull" | "pull,push" | "delete";
  /** Another repository that is read, for mounting its blobs. */
  readonly alsoReads?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest["body"];
  /** What is done, for messages. */
  readonly action: string;
  /** Statuses that are success. Anything else is an error. */
  readonly accepts: readonly number[];
}

/** Calls registries: finds them, logs in, repeats what can be repeated, and makes errors of refusals. */
export interface Transport {
  /**
   * @throws RegistryError as the status or the network says; ContentError from the body's source
   */
  call(call: RegistryCall): Promise<HttpAnswer>;
  /** As {@link Transport.call}, repeated where that may help: only for what can be done twice. */
  callAgain(call: RegistryCall): Promise<HttpAnswer>;
  /** True if a repository's registry has asked who we are. @throws RegistryError as {@link Transport.endpoint} */
  hasAsked(repository: Repository, options?: Abortable): Promise<boolean>;
  /** Where a repository's API is. @throws RegistryError if that has to be asked, and nobody answers */
  endpoint(repository: Repository, options?: Abortable): Promise<Endpoint>;
  /** Gets access tokens for others who talk to registries. */
  readonly fetchToken: TokenFetcher;
  close(): void;
}

/** How registries are reached. */
export interface TransportOptions {
  /** Default: anonymous. */
  readonly credentials?: CredentialSource | undefined;
  /** Ask these instead, for everything. Leave them out of a client that pushes. */
  readonly mirrors?: Mirrors | undefined;
  /** Hosts, with port, that are spoken to in plain http. Loopback always is. */
  readonly plainHttp?: readonly string[] | undefined;
  /** Authorities to trust, PEM. Default: those of Node. */
  readonly certificates?: (() => Promise<readonly string[]>) | undefined;
  /** Where proxies are named: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. Default: no proxy. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Told, once for a host, what the user should know of it. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /** Default `kitsmith`. */
  readonly userAgent?: string | undefined;
}

/** Creates a transport with connections, challenges and tokens of its own. */
export function createTransport(options: TransportOptions): Transport {
  const userAgent = options.userAgent ?? "kitsmith";
  const sender = createHttpSender({
    certificates: options.certificates,
    proxyFor: options.env && createProxyFinder(options.env),
  });
  const credentials = options.credentials ?? ANONYMOUS;
  const authorizer = createAuthorizer(credentials, sender, userAgent);
  const findEndpoint = createEndpointFinder({
    mirrors: options.mirrors,
    plainHttp: options.plainHttp,
    onNotice: options.onNotice,
    probe: async (origin, { signal }) => {
      const url = new URL(`${origin}/v2/`);
      (await sender.send({ method: "GET", url, headers: { "user-agent": userAgent }, signal })).discard();
    },
  });

  async function call(request: RegistryCall): Promise<HttpAnswer> {
    const endpoint = await findEndpoint(request.repository, request);
    const send = (authorization: string | undefined) =>
      sender.send(toHttp(request, endpoint, { "user-agent": userAgent, ...(authorization && { authorization }) }));
    const answer = await sendAuthorized(request, endpoint, authorizer, send);
    if (request.accepts.includes(answer.status)) return answer;
    throw await readAnswerError(answer, request.action);
  }

  return {
    call,
    callAgain: (request) => withRetry(() => call(request), request),
    hasAsked: async (repository, callOptions = {}) => authorizer.hasAsked(await findEndpoint(repository, callOptions)),
    fetchToken: createTokenFetcher({ credentials, sender, userAgent, plainHttp: options.plainHttp }),
    endpoint: (repository, callOptions = {}) => findEndpoint(repository, callOptions),
    close: () => sender.close(),
  };
}

/** Sends with what is known to be wanted; a 401 is answered once. */
async function sendAuthorized(
  request: RegistryCall,
  endpoint: Endpoint,
  authorizer: Authorizer,
  send: (authorization: string | undefined) => Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  const scopes = scopesOf(request, endpoint);
  const known = await authorizer.known(endpoint, scopes, request);
  const first = await send(known);
  if (first.status !== 401) return first;
  const answer = await authorizer.answer(endpoint, scopes, { answer: first, sent: known }, request);
  // Asking again with what was just refused is no use.
  if (answer === undefined || answer === known) return first;
  first.discard();
  return await send(answer);
}

function scopesOf({ access, alsoReads }: RegistryCall, { repository }: Endpoint): readonly string[] {
  const own = `repository:${repository}:${access}`;
  return alsoReads === undefined ? [own] : [own, `repository:${alsoReads}:pull`];
}

function toHttp(request: RegistryCall, endpoint: Endpoint, ours: Readonly<Record<string, string>>): HttpRequest {
  const { path } = request;
  const url = typeof path === "string" ? new URL(`${endpoint.origin}/v2/${endpoint.repository}/${path}`) : path;
  const { authorization, ...open } = ours;
  // An address on another host, such as a cloud's storage, must not see what we show the registry.
  const shown = url.origin === endpoint.origin && authorization !== undefined ? { ...open, authorization } : open;
  return {
    method: request.method,
    url,
    headers: { ...shown, ...request.headers },
    body: request.body,
    signal: request.signal,
  };
}
