import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type GitCommand, runGit } from "../../sdk/git/git-command.ts";
import { fitsShell, runInShell } from "../../sdk/git/git-shell.ts";
import { createRepository, createWorkspace, type Workspace } from "./git-repository.ts";

const ODD = `o'dd "$(exit 3)" \`id\` \\ \u0101\u00e9\u0141 *\nline`;

let workspace: Workspace;
let root: string;

beforeEach(() => {
  workspace = createWorkspace();
  root = createRepository(join(workspace.directory, ODD), { [ODD]: "content", "-n": "another" });
});
afterEach(() => workspace[Symbol.dispose]());

const command = (args: readonly string[], input?: string): GitCommand => ({
  directory: root,
  args,
  ...(input === undefined ? {} : { input }),
});

test("many commands in one shell answer as each does alone, whatever stands in their texts", async () => {
  const commands = [
    command(["ls-files", "-z"]),
    command(["ls-files", "-z", "--", ODD]),
    command(["cat-file", "--batch-check"], "HEAD:-n\nHEAD^{tree}\n%s \\n $0\n"),
    command(["rev-parse", "--verify", "nothing like it"]),
    command(["rev-parse", ODD]),
    command(["show", "-s", "--format=%an%x00%n", "HEAD"]),
    command(["no-such-command"]),
    command(["rev-parse", "--quiet", "--verify", "nothing"]),
    command(["rev-parse", "--show-toplevel"]),
    command(["cat-file", "--batch"], "HEAD:-n\n"),
    command(["show", "--no-such-option"]),
  ];
  const together = await runInShell(commands, { env: process.env, signal: undefined });
  for (const [index, one] of commands.entries()) expect(together[index]).toEqual(await runGit(one));
  expect(together.map((answer) => answer?.exitCode)).toEqual([0, 0, 0, 128, 0, 0, 1, 1, 0, 0, 128]);
  expect(together[1]?.stdout).toBe(`${Buffer.from(ODD).toString("latin1")}\0`);
});

test("what does not fit a shell is answered all the same", async () => {
  const many = Array.from({ length: 5000 }, () => "HEAD:-n");
  const large = command(["rev-parse", ...many]);
  expect(fitsShell(large)).toBe(false);
  expect(fitsShell(command(["rev-parse", "\0"]))).toBe(false);
  const [answer, other] = await Promise.all([runGit(large), runGit(command(["rev-parse", "HEAD:-n"]))]);
  expect(answer.stdout.split("\n")).toEqual([...many.map(() => other.stdout.trim()), ""]);
});

test("an answer does not come of git that is killed, and not of what cannot be run", async () => {
  const commands = [
    command(["-c", "alias.die=!kill -9 $PPID", "die"]),
    command(["rev-parse", "--is-inside-work-tree"]),
  ];
  const answers = await runInShell(commands, { env: process.env, signal: undefined });
  expect(answers.map((answer) => answer?.stdout)).toEqual([undefined, "true\n"]);
  const nothing = await runInShell(commands, { env: { PATH: workspace.directory }, signal: undefined });
  expect(nothing).toEqual([undefined, undefined]);
  await expect(Promise.all(commands.map(runGit))).rejects.toThrow(expect.objectContaining({ code: "PLAN_GIT_FAILED" }));
});

test("an abort ends what the shell began", async () => {
  const file = join(workspace.directory, "pid");
  const controller = new AbortController();
  const waits = ["-c", `alias.wait=!echo $$ >'${file}'; exec sleep 600`, "wait"];
  const asked = [command(waits), command(["status"])].map((one) => runGit({ ...one, signal: controller.signal }));
  const settled = Promise.allSettled(asked);
  const pid = await vi.waitFor(() => {
    expect(existsSync(file)).toBe(true);
    return Number.parseInt(readFileSync(file, "utf8"), 10) || expect.unreachable();
  });
  const reason = new Error("enough");
  controller.abort(reason);
  expect(await settled).toEqual(asked.map(() => ({ status: "rejected", reason })));
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow());
});
