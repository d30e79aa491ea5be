import { Agent as HttpsAgent } from "node:https";
import { createSecureContext } from "node:tls";
import { TunnelAgent } from "./tunnel-agent.ts";

/** Keeps TLS connections, directly or through proxies. */
export interface SecureAgents {
  get(proxy: URL | undefined): Promise<HttpsAgent>;
  close(): void;
}

/** Creates agents when they are needed: most registries of a developer speak no TLS, and authorities take time to read. */
export function createSecureAgents(
  certificates: (() => Promise<readonly string[]>) | undefined,
  timeoutMs: number,
): SecureAgents {
  const agents = new Map<string, Promise<HttpsAgent>>();

  async function create(proxy: URL | undefined): Promise<HttpsAgent> {
    const ca = await certificates?.();
    const trust = ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...ca] }) };
    const options = { keepAlive: true, timeout: timeoutMs, ...trust };
    return proxy === undefined ? new HttpsAgent(options) : new TunnelAgent(proxy, options);
  }

  return {
    get(proxy) {
      const key = proxy?.href ?? "";
      const agent = agents.get(key) ?? create(proxy);
      agents.set(key, agent);
      return agent;
    },
    close() {
      for (const agent of agents.values()) {
        agent.then(
          (opened) => opened.destroy(),
          () => undefined,
        );
      }
    },
  };
}
