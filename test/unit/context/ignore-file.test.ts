import { describe, expect, it } from "vitest";
import { parseIgnoreFile, readIgnorePatterns } from "../../../sdk/context/ignore-file.ts";
import { type Fixture, makeTree } from "./tree-fixture.ts";

describe("ignore files", () => {
  it("reads one pattern per line", () => {
    const text = "\uFEFF# comment\n\n  /a/b/ \r\n! /c \n  # no comment\n./x/../y\n!\n/\n#d";
    expect(parseIgnoreFile(text)).toEqual(["a/b", "!c", "# no comment", "y", "!", "/"]);
  });

  const read = (entries: Readonly<Record<string, Fixture>>, dockerfile?: string) =>
    readIgnorePatterns(
      { layers: [{ directory: makeTree(entries), prefix: "" }] },
      dockerfile === undefined ? {} : { dockerfile },
    );

  it("prefers the one of the Dockerfile", async () => {
    const entries = { ".dockerignore": "a", "Dockerfile.dockerignore": "b", "sub/x.dockerignore": "c" };
    expect(await read(entries)).toEqual(["b"]);
    expect(await read(entries, "sub/x")).toEqual(["c"]);
    expect(await read(entries, "other")).toEqual(["a"]);
    expect(await read({})).toEqual([]);
  });

  it("does not read through a symlink", async () => {
    await expect(read({ ".dockerignore": { link: "/etc/hostname" } })).rejects.toMatchObject({
      code: "INPUT_SOURCE_UNREADABLE",
    });
  });
});
