import { mkdirSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createPackage, type PackageInit } from "../../../../sdk/pkg/create-package.ts";
import { isSmallContext } from "../../../../sdk/run/facts/small-context.ts";
import { makeTree } from "../../context/tree-fixture.ts";

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`file-${index}`, ""]));

async function isSmall(directory: string, init: Partial<PackageInit> = {}): Promise<boolean> {
  return await isSmallContext(
    createPackage({ directory, org: "acme", image: "init", ignoreFiles: false, ...init }),
    {},
  );
}

describe("a directory that goes over as a whole", () => {
  it.each([
    [64, true],
    [65, false],
  ])("has at most 64 entries: %i", async (count, small) => {
    expect(await isSmall(makeTree(many(count)))).toBe(small);
  });

  it.each([
    [256 * 1024, true],
    [256 * 1024 + 1, false],
  ])("has at most 256 KiB: %i", async (bytes, small) => {
    const directory = makeTree({ file: "" });
    truncateSync(join(directory, "file"), bytes);
    expect(await isSmall(directory)).toBe(small);
  });

  it("belongs to the package as a whole", async () => {
    expect(await isSmall(makeTree({ file: "" }), { ignoreFiles: true })).toBe(false);
  });

  it("is not looked into behind symlinks", async () => {
    const directory = makeTree({ file: "" });
    symlinkSync(makeTree(many(100)), join(directory, "link"));
    expect(await isSmall(directory)).toBe(true);
  });

  it("can be read: what cannot is left to the build, which may not need it", async () => {
    const directory = makeTree({ file: "" });
    mkdirSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xff])]));
    expect(await isSmall(directory)).toBe(false);
  });
});
