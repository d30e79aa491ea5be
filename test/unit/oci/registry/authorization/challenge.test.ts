import { expect, test } from "vitest";
import { parseChallenge } from "../../../../../sdk/oci/registry/authorization/challenge.ts";
import { parseRetryAfter } from "../../../../../sdk/oci/registry/http/answer-error.ts";

const bearer = { scheme: "bearer", realm: "https://auth.example/token", service: "registry.example" };

test.each([
  ['Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a:pull,push"', bearer],
  ['bearer service=registry.example, realm="https://auth.example/token"', bearer],
  ['Basic realm="x", Bearer realm="https://auth.example/token",service="registry.example"', bearer],
  [
    'Bearer realm="https://auth.example/\\"q"',
    { scheme: "bearer", realm: 'https://auth.example/"q', service: undefined },
  ],
  ['Basic realm="Registry"', { scheme: "basic" }],
  ["Basic", { scheme: "basic" }],
  ["Bearer", undefined],
  ['Negotiate, Digest realm="x"', undefined],
  ["", undefined],
  [undefined, undefined],
])("%s", (header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});

test("a wait is in seconds or until a date", () => {
  const nowMs = Date.UTC(2026, 10, 21, 10, 0, 0);
  expect(parseRetryAfter("2", nowMs)).toBe(2000);
  expect(parseRetryAfter("Sat, 21 Nov 2026 10:00:05 GMT", nowMs)).toBe(5000);
  expect(parseRetryAfter("Sat, 21 Nov 2026 09:00:00 GMT", nowMs)).toBe(0);
  expect(parseRetryAfter("soon", nowMs)).toBeUndefined();
  expect(parseRetryAfter(undefined, nowMs)).toBeUndefined();
});
