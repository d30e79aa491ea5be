import { BlockList, isIP } from "node:net";
import { InputError } from "../../../core/errors.ts";
import { isLoopback } from "./endpoint.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Finds the proxy for an address; undefined where it is reached directly. */
export type ProxyFinder = (url: URL) => URL | undefined;

/**
 * Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, in capitals or not, as Go's programs do: hosts with their
 * subdomains, `.suffix`, `host:port`, addresses, ranges such as `10.0.0.0/8`, and `*`. This machine is never reached by
 * a proxy.
 *
 * @throws InputError `INPUT_OPTION_INVALID` for a proxy that is no http address
 * @source https://github.com/golang/net/blob/v0.42.0/http/httpproxy/proxy.go
 */
export function createProxyFinder(env: Environment): ProxyFinder {
  const secure = parseProxy(env, "HTTPS_PROXY");
  const plain = parseProxy(env, "HTTP_PROXY");
  const exceptions = (env.NO_PROXY || env.no_proxy || "")
    .split(",")
    .map((text) => text.trim().toLowerCase())
    .filter(Boolean);
  return (url) => {
    const proxy = url.protocol === "https:" ? secure : plain;
    if (proxy === undefined || isLoopback(url.host)) return undefined;
    return exceptions.some((exception) => excepts(exception, url)) ? undefined : proxy;
  };
}

/** The header that a proxy with a user in its address wants. */
export function proxyHeaders(proxy: URL): Readonly<Record<string, string>> {
  if (proxy.username === "") return {};
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(user, "utf8").toString("base64")}` };
}

function parseProxy(env: Environment, name: string): URL | undefined {
  const text = env[name] || env[name.toLowerCase()];
  if (!text) return undefined;
  const address = text.includes("://") ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new InputError("INPUT_OPTION_INVALID", `${name} is not the address of an http proxy`, {
    hint: `Write ${name}=http://host:port, or unset it.`,
  });
}

function excepts(exception: string, url: URL): boolean {
  if (exception === "*") return true;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (exception.includes("/")) return isInRange(exception, host);
  const [, name = "", port] = /^(.+?)(?::(\d+))?$/.exec(exception) ?? [];
  if (port !== undefined && isIP(exception) === 0 && port !== portOf(url)) return false;
  const wanted = isIP(exception) > 0 ? exception : name;
  const suffix = wanted.replace(/^\*?\./, ".");
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isInRange(range: string, host: string): boolean {
  const [network = "", bits = ""] = range.split("/");
  if (isIP(host) === 0 || isIP(network) !== isIP(host) || !/^\d{1,3}$/.test(bits)) return false;
  const family = isIP(host) === 6 ? "ipv6" : "ipv4";
  if (Number(bits) > (family === "ipv6" ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(host, family);
}

function portOf(url: URL): string {
  return url.port || (url.protocol === "https:" ? "443" : "80");
}
