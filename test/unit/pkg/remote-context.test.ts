import { describe, expect, test } from "vitest";
import { digestHex, digestOf } from "../../../sdk/core/digest.ts";
import { createRemotePackage } from "../../../sdk/pkg/create-package.ts";
import { fileContextOf, pinnedContext, pinnedFile, remoteContextOf } from "../../../sdk/pkg/remote-context.ts";

describe("addresses of build contexts", () => {
  test.each([
    ["https://example.com/repo.git", "", "git", ""],
    ["https://example.com/repo.git#main:dir/sub", "", "git", "dir/sub"],
    ["https://example.com/repo.git#main", "dir", "git", "dir"],
    ["git@example.com:team/repo", "", "git", ""],
    ["ssh://git@example.com/repo", "", "git", ""],
    ["git://example.com/repo", "", "git", ""],
    ["https://example.com/context.tar.gz", "dir", "archive", "dir"],
    ["http://example.com/archive?ref=x.git", "", "archive", ""],
  ])("%s in %j", (url, given, kind, subdirectory) => {
    expect(remoteContextOf(url, given)).toEqual({ kind, url, subdirectory });
  });

  test("a repository at a commit keeps its directory", () => {
    const context = remoteContextOf("https://example.com/repo.git#main:dir");
    expect(pinnedContext(context, "c0ffee").url).toBe("https://example.com/repo.git#c0ffee:dir");
    expect(pinnedContext(remoteContextOf("git@example.com:repo"), "c0ffee").url).toBe("git@example.com:repo#c0ffee");
  });

  test("a file's address is what it holds, wherever it lies", () => {
    const digest = digestOf("content");
    const addresses = ["/here.tar", "/there.tar"].map((path) => {
      const context = fileContextOf(path, "dir");
      expect(context).toEqual({ kind: "archive", url: "", file: { path }, subdirectory: "dir" });
      return pinnedFile(context, { path }, digest).url;
    });
    expect(addresses[0]).toContain(digestHex(digest));
    expect(addresses[1]).toBe(addresses[0]);
    expect(() => fileContextOf("here.tar")).toThrowError(expect.objectContaining({ code: "INPUT_OPTION_INVALID" }));
  });

  test.each([
    ["", ""],
    ["./directory", ""],
    ["ftp://example.com/x.tar", ""],
    ["https://example.com/repo.git?ref=main", ""],
    ["https://example.com/repo.git#main:dir", "other"],
  ])("%j in %j is refused", (url, subdirectory) => {
    expect(() => remoteContextOf(url, subdirectory)).toThrowError(
      expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
    );
  });

  test("a password in it is refused", () => {
    expect(() => remoteContextOf("https://user:secret@example.com/repo.git")).toThrowError(
      expect.objectContaining({ code: "LLB_INVALID_OP", message: expect.not.stringContaining("secret") }),
    );
  });

  test("nothing of such a package lies here", () => {
    const { directory, source } = createRemotePackage({ context: "https://example.com/repo.git", image: "x" });
    expect(directory).toBe("");
    expect(source).toMatchObject({ kind: "dockerfile", remote: { kind: "git" } });
  });
});
