import { expect, test } from "vitest";
import { createProxyFinder, proxyHeaders } from "../../../../../sdk/oci/registry/http/proxy.ts";

const secure = { HTTPS_PROXY: "http://proxy.example:3128" };

test.each([
  [secure, "https://ghcr.io/v2/", "http://proxy.example:3128/"],
  [secure, "http://ghcr.io/v2/", undefined],
  [{ https_proxy: "proxy.example:3128" }, "https://ghcr.io/", "http://proxy.example:3128/"],
  [{ http_proxy: "https://proxy.example" }, "http://ghcr.io/", "https://proxy.example/"],
  [secure, "https://localhost:5000/", undefined],
  [secure, "https://127.0.0.1/", undefined],
  [secure, "https://[::1]/", undefined],
  [{}, "https://ghcr.io/", undefined],
] as const)("%o: %s goes by %s", (env, address, proxy) => {
  expect(createProxyFinder(env)(new URL(address))?.href).toBe(proxy);
});

test.each([
  ["*", "https://ghcr.io/", true],
  ["ghcr.io", "https://ghcr.io/", true],
  ["ghcr.io", "https://a.ghcr.io/", true],
  ["ghcr.io", "https://aghcr.io/", false],
  [".ghcr.io", "https://a.ghcr.io/", true],
  [".ghcr.io", "https://ghcr.io/", false],
  ["*.ghcr.io", "https://a.ghcr.io/", true],
  ["other, GHCR.io", "https://ghcr.io/", true],
  ["ghcr.io:443", "https://ghcr.io/", true],
  ["ghcr.io:5000", "https://ghcr.io/", false],
  ["10.0.0.0/8", "https://10.1.2.3:5000/", true],
  ["10.0.0.0/8", "https://11.1.2.3/", false],
  ["10.0.0.0/80", "https://10.1.2.3/", false],
  ["fd00::/8", "https://[fd00::1]/", true],
  ["10.1.2.3", "https://10.1.2.3/", true],
  ["", "https://ghcr.io/", false],
] as const)("NO_PROXY=%s: %s goes directly: %s", (NO_PROXY, address, directly) => {
  expect(createProxyFinder({ ...secure, NO_PROXY })(new URL(address)) === undefined).toBe(directly);
});

test("an address that is no http proxy is refused", () => {
  for (const HTTPS_PROXY of ["socks5://proxy.example", "http://"]) {
    expect(() => createProxyFinder({ HTTPS_PROXY })).toThrow(expect.objectContaining({ code: "INPUT_OPTION_INVALID" }));
  }
});

test("a proxy's user becomes a header", () => {
  const header = proxyHeaders(new URL("http://us%40er:pass@proxy.example"));
  expect(header).toEqual({ "proxy-authorization": `Basic ${Buffer.from("us@er:pass").toString("base64")}` });
  expect(proxyHeaders(new URL("http://proxy.example"))).toEqual({});
});
