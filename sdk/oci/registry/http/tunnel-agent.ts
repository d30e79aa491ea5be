import { request as httpRequest } from "node:http";
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { isIP, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { RegistryError } from "../../../core/errors.ts";
import { proxyHeaders } from "./proxy.ts";

const CONNECT_TIMEOUT_MS = 60_000;

/** Keeps TLS connections that go through an http proxy: it sees where they lead, and nothing of what they carry. */
export class TunnelAgent extends HttpsAgent {
  readonly #proxy: URL;
  readonly #own: AgentOptions;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
    this.#own = options;
  }

  /** Called by Node where there is no kept connection; the answer comes by the callback. */
  override createConnection(
    target: RequestOptions,
    connected?: (failure: Error | null, stream: Duplex) => void,
  ): undefined {
    const host = target.host ?? "";
    openTunnel(this.#proxy, `${host.includes(":") ? `[${host}]` : host}:${target.port ?? 443}`).then(
      (socket) => {
        const servername = target.servername || (isIP(host) === 0 ? host : "");
        connected?.(null, connectTls({ ...this.#own, host, socket, ...(servername === "" ? {} : { servername }) }));
      },
      (cause: Error) => connected?.(cause, new Socket()),
    );
    return undefined;
  }
}

function openTunnel(proxy: URL, target: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === "https:" ? httpsRequest : httpRequest)({
      host: proxy.hostname,
      port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...proxyHeaders(proxy) },
      agent: false,
      timeout: CONNECT_TIMEOUT_MS,
    });
    request.once("connect", ({ statusCode = 0 }, socket) => {
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusal(proxy, target, statusCode));
    });
    request.once("timeout", () => request.destroy(new Error("the proxy sends nothing")));
    request.once("error", reject);
    request.end();
  });
}

function refusal(proxy: URL, target: string, status: number): RegistryError {
  return new RegistryError("REGISTRY_UNREACHABLE", `the proxy ${proxy.host} answered ${status} for ${target}`, {
    hint:
      status === 407
        ? "Put the proxy's user and password into HTTPS_PROXY."
        : "Check HTTPS_PROXY, or name the host in NO_PROXY.",
    details: { host: target, proxy: proxy.host, status },
    retryable: status >= 500,
  });
}
