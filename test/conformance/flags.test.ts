import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../sdk/cli/commands.ts";
import { GLOBAL_FLAGS } from "../../sdk/cli/global-flags.ts";
import { VERSION } from "../../sdk/core/version.ts";
import { callCommand } from "./command-call.ts";
import { FOREIGN_COMMANDS, LINUXKIT_FLAGS, OLD_FLAGS } from "./flag-table.ts";
import { createPeerRepository, type PeerRepository } from "./peer-repository.ts";

let repository: PeerRepository;
let cache: string;
beforeAll(() => {
  repository = createPeerRepository();
  cache = mkdtempSync(join(tmpdir(), "kitsmith-flags-"));
});
afterAll(() => {
  repository[Symbol.dispose]();
  rmSync(cache, { recursive: true, force: true });
});

const flagsOf = (name: string) => ({ ...GLOBAL_FLAGS, ...COMMANDS.find((command) => command.name === name)?.flags });

describe("flags of LinuxKit's commands", () => {
  test.each(Object.entries(LINUXKIT_FLAGS))("%s takes all of them", (name, flags) => {
    expect(COMMANDS.map((command) => command.name)).toContain(name);
    expect(flags.filter((flag) => flagsOf(name)[flag] === undefined)).toEqual([]);
  });

  test("each works, or says in one line what replaced it", () => {
    const silent = COMMANDS.flatMap(({ name, flags }) =>
      Object.entries(flags).flatMap(([flag, { help, replaced, hidden }]) =>
        help === "" && replaced === undefined && hidden !== true ? [`${name} --${flag}`] : [],
      ),
    );
    expect(silent).toEqual([]);
    for (const { flags } of COMMANDS) {
      for (const { replaced = "" } of Object.values(flags)) expect(replaced).not.toContain("\n");
    }
  });

  test("flags of older documents say what became of them", async () => {
    for (const flag of OLD_FLAGS) {
      const { status, stdout, stderr } = await callCommand([
        ...["pkg", "show-tag", `-${flag}`, join(repository.root, "pkg/p")],
      ]);
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^linuxkit\/p:/) });
      expect(stderr).toMatch(new RegExp(`^--${flag} has no effect: .+\n$`));
    }
  });
});

describe("commands", () => {
  test.each(FOREIGN_COMMANDS)("%s, which only LinuxKit has, gets one line", async (command) => {
    const { status, stdout, stderr } = await callCommand(["-v", "2", command, "--no-such-flag", "x"]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^kitsmith does not have .+LinuxKit CLI.+\n$/);
  });

  test("version, as scripts read it", async () => {
    expect(await callCommand(["version"])).toMatchObject({ status: 0, stdout: `kitsmith version ${VERSION}\n` });
    expect(await callCommand(["version", "--short"])).toMatchObject({ status: 0, stdout: `${VERSION}\n` });
    expect(await callCommand(["version", "--commit"])).toMatchObject({ status: 0, stdout: /^\S+\n$/ });
  });

  test.each([[[]], [["pkg"]], [["cache"]], [["pkg", "build", "--help"]], [["pkg", "index", "-h"]]])(
    "%j prints help",
    async (words) => {
      const { status, stdout, stderr } = await callCommand(words);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toMatch(/^Usage: kitsmith /);
    },
  );

  test("one that does not exist names the nearest", async () => {
    const { status, stderr } = await callCommand(["pkg", "show-tags", "x"]);
    expect(status).toBe(1);
    expect(stderr).toContain("pkg show-tag");
  });
});

describe("variables of LinuxKit's environment are read", () => {
  const tag = (env: Readonly<Record<string, string>>, ...flags: string[]) =>
    callCommand(["pkg", "show-tag", ...flags, join(repository.root, "pkg/p")], env);

  test("LINUXKIT_PKG_ORG, after the flag and before the file; empty counts as not set", async () => {
    expect((await tag({ LINUXKIT_PKG_ORG: "env" })).stdout).toMatch(/^env\/p:/);
    expect((await tag({ LINUXKIT_PKG_ORG: "env" }, "--org=flag")).stdout).toMatch(/^flag\/p:/);
    expect((await tag({ LINUXKIT_PKG_ORG: "" })).stdout).toMatch(/^linuxkit\/p:/);
  });

  test("LINUXKIT_MIRROR, with commas and blanks between", async () => {
    expect(
      (await tag({ LINUXKIT_MIRROR: "https://a.example docker.io=http://b.example,c.example=https://d/x" })).status,
    ).toBe(0);
    expect((await tag({ LINUXKIT_MIRROR: "docker.io=ftp://b.example" })).status).toBe(1);
  });

  test("USER is the organisation of --dev, unless another is named", async () => {
    expect((await tag({ USER: "me" }, "--dev")).stdout).toBe("me/p:dev\n");
    expect((await tag({ USER: "me", LINUXKIT_PKG_ORG: "team" }, "--dev")).stdout).toBe("team/p:dev\n");
  });
});
