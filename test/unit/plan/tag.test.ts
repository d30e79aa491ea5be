import { expect, test } from "vitest";
import type { GitFacts } from "../../../sdk/core/git-facts.ts";
import { createPackage } from "../../../sdk/pkg/create-package.ts";
import { packageHash, tagPackage } from "../../../sdk/plan/tag.ts";

const pkg = createPackage({ directory: "/pkg", image: "demo" });
const clean: GitFacts = { inGit: true, treeHash: "a".repeat(40), extraTreeHashes: [], dirty: false };
const OUTSIDE: GitFacts = { inGit: false, extraTreeHashes: [], dirty: false };

test("a clean package has its tree for hash", () => {
  expect(tagPackage(pkg, clean)).toEqual({
    hash: "a".repeat(40),
    tag: "a".repeat(40),
    shortReference: `linuxkit/demo:${"a".repeat(40)}`,
    canonicalReference: `docker.io/linuxkit/demo:${"a".repeat(40)}`,
  });
});

test("extra sources are mixed in by SHA-1, in order, before the dirty suffix", () => {
  const facts = { ...clean, extraTreeHashes: ["b".repeat(40), "c".repeat(40)] };
  // printf 'a…ab…bc…c' | sha1sum
  expect(packageHash(pkg, facts)).toBe("b17e71b60e43c92c73a1d6b4c812888d4d997f0e");
  const dirty = { ...facts, dirty: true, contentHash: "0123456789abcdef" };
  expect(packageHash(pkg, dirty)).toBe("b17e71b60e43c92c73a1d6b4c812888d4d997f0e-dirty-0123456");
  const reversed = { ...clean, extraTreeHashes: ["c".repeat(40), "b".repeat(40)] };
  expect(packageHash(pkg, reversed)).not.toBe(packageHash(pkg, facts));
});

test("outside git the tag is latest unless the template gives text", () => {
  expect(tagPackage(pkg, OUTSIDE)).toMatchObject({ hash: "", tag: "latest" });
  const template = createPackage({ directory: "/pkg", image: "demo", tag: "v-{{.Hash}}" });
  expect(tagPackage(template, OUTSIDE).tag).toBe("v-");
});

test("a fixed hash counts everywhere, without suffix", () => {
  const fixed = createPackage({ directory: "/pkg", image: "demo", org: "acme", hash: { hash: "dev" } });
  expect(tagPackage(fixed, OUTSIDE).shortReference).toBe("acme/demo:dev");
  expect(packageHash(fixed, { ...clean, dirty: true, contentHash: "0123456789" })).toBe("dev");
});
