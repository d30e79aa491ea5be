import { describe, expect, test } from "vitest";
import { formatTarget, parseEndpoint } from "../../../sdk/wire/endpoint.ts";

describe("an endpoint", () => {
  test.each([
    [
      "unix:///run/buildkit/buildkitd.sock",
      { kind: "unix", path: "/run/buildkit/buildkitd.sock" },
      "unix:/run/buildkit/buildkitd.sock",
    ],
    ["tcp://builder.example:1234", { kind: "tcp", host: "builder.example", port: 1234 }, "dns:builder.example:1234"],
    ["tcp://127.0.0.1:1234/", { kind: "tcp", host: "127.0.0.1", port: 1234 }, "dns:127.0.0.1:1234"],
    ["tcp://[::1]:1234", { kind: "tcp", host: "::1", port: 1234 }, "dns:[::1]:1234"],
  ])("is read from %s", (address, endpoint, target) => {
    expect(parseEndpoint(address)).toEqual(endpoint);
    expect(formatTarget(parseEndpoint(address))).toBe(target);
  });

  test("keeps TLS options with tcp", () => {
    expect(parseEndpoint("tcp://h:1", { serverName: "s" })).toMatchObject({ tls: { serverName: "s" } });
  });

  test.each([
    "",
    "/run/x.sock",
    "unix://",
    "unix://relative",
    "tcp://host",
    "tcp://host:port",
    "tcp://h:70000",
    "http://h:1",
  ])("is not read from %j", (address) => {
    expect(() => parseEndpoint(address)).toThrow(expect.objectContaining({ code: "INPUT_OPTION_INVALID" }));
  });
});
