import { expect, test } from "vitest";
import { findMirror, parseMirrors } from "../../../sdk/credentials/mirrors.ts";

test.each([
  ["docker.io", "https://hub.example/"],
  ["index.docker.io", "https://hub.example/"],
  ["registry-1.docker.io", "https://hub.example/"],
  ["ghcr.io:443", "http://127.0.0.1:5000/a=b"],
  ["ghcr.io", "https://rest.example/all"],
])("%s is read at %s", (registry, address) => {
  const mirrors = parseMirrors([
    "docker.io/=https://hub.example",
    "ghcr.io:443=http://127.0.0.1:5000/a=b/",
    "https://rest.example/all",
  ]);
  expect(findMirror(mirrors, registry)?.href).toBe(address);
});

test("a registry without mirror has none", () => {
  expect(findMirror(parseMirrors(["docker.io=https://hub.example"]), "ghcr.io")).toBeUndefined();
});

test.each(["docker.io=hub.example", "hub.example", "ftp://hub.example", "=https://x", "a=", "a=https://x/?q"])(
  "%s is no mirror",
  (spec) => {
    expect(() => parseMirrors([spec])).toThrow(expect.objectContaining({ code: "INPUT_OPTION_INVALID" }));
  },
);

test("credentials in a mirror's address are refused and not shown", () => {
  const parse = () => parseMirrors(["https://user:SECRET@hub.example"]);
  expect(parse).toThrow(expect.objectContaining({ code: "INPUT_OPTION_INVALID" }));
  expect(parse).not.toThrow("SECRET");
});
