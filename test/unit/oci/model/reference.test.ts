import { expect, test } from "vitest";
import {
  expandReference,
  formatFamiliar,
  formatReference,
  parseReference,
  withTag,
} from "../../../../sdk/oci/model/reference.ts";

const HEX = "a".repeat(64);

test.each([
  ["alpine", "docker.io/library/alpine"],
  ["alpine:3.22", "docker.io/library/alpine:3.22"],
  ["linuxkit/init:0df5", "docker.io/linuxkit/init:0df5"],
  ["team/group/app", "docker.io/team/group/app"],
  ["localhost/app", "localhost/app"],
  ["localhost:5000/app:v1", "localhost:5000/app:v1"],
  ["127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b"],
  ["[::1]:5000/app:v1", "[::1]:5000/app:v1"],
  ["index.docker.io/linuxkit/init:v1", "docker.io/linuxkit/init:v1"],
  ["docker.io/alpine", "docker.io/library/alpine"],
  [`ghcr.io/a/b@sha256:${HEX}`, `ghcr.io/a/b@sha256:${HEX}`],
  [`ghcr.io/a/b:v1@sha256:${HEX}`, `ghcr.io/a/b:v1@sha256:${HEX}`],
  ["host.example/a__b/c-d.e:V_1.0-x", "host.example/a__b/c-d.e:V_1.0-x"],
])("%s is %s", (text, full) => {
  expect(formatReference(parseReference(text))).toBe(full);
  expect(formatReference(parseReference(full))).toBe(full);
});

test.each([
  "",
  "host.example/Upper",
  "app:",
  "app:-x",
  `app:${"t".repeat(129)}`,
  "app@sha256:short",
  `app@sha512:${HEX}`,
  "a b",
  "a//b",
  "host.example/",
  "host.example/../etc",
  "-host.example/app",
  `host.example/${"a".repeat(260)}`,
  "host.example/app:v1\nx",
])("%j is refused", (text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: "INPUT_REFERENCE_INVALID" }));
});

test.each([
  ["docker.io/library/alpine:3.22", "alpine:3.22"],
  ["docker.io/linuxkit/init:v1", "linuxkit/init:v1"],
  ["docker.io/library/a/b", "library/a/b"],
  ["ghcr.io/a/b:v1", "ghcr.io/a/b:v1"],
])("the familiar form of %s is %s", (full, short) => {
  expect(formatFamiliar(parseReference(full))).toBe(short);
  expect(formatReference(parseReference(short))).toBe(full);
});

test("another tag drops the digest", () => {
  const reference = parseReference(`localhost:5000/app:v1@sha256:${HEX}`);
  expect(formatReference(withTag(reference, "v2"))).toBe("localhost:5000/app:v2");
  expect(() => withTag(reference, "no good")).toThrow(expect.objectContaining({ code: "INPUT_REFERENCE_INVALID" }));
});

test.each([
  ["alpine", "docker.io/library/alpine", "docker.io/library/alpine:latest"],
  ["linuxkit/init", "docker.io/linuxkit/init", "docker.io/linuxkit/init:latest"],
  ["localhost/init", "localhost/init", "localhost/init:latest"],
  ["a.b/init:v1", "a.b/init:v1", "a.b/init:v1"],
  ["localhost:5000/foo", "localhost:5000/foo", "localhost:5000/foo"],
  ["org/team/img", "org/team/img", "org/team/img:latest"],
])("%s expands as in the LinuxKit CLI", (name, plain, tagged) => {
  expect(expandReference(name)).toBe(plain);
  expect(expandReference(name, { defaultTag: true })).toBe(tagged);
});
