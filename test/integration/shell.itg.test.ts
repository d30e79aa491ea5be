import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { createScratch, type ScratchDirectory, shellPackage } from "./run-fixture.ts";

const MAIN = fileURLToPath(new URL("../../sdk/cli/main.ts", import.meta.url));
const PROGRAM = ["--conditions=kitsmith-source", "--import", import.meta.resolve("tsx"), MAIN];
const ENGINES = [
  ["buildkitd", { BUILDKIT_HOST: inject("buildkitAddress") }],
  ["dockerd", { DOCKER_HOST: inject("dockerAddress"), BUILDKIT_HOST: "" }],
] as const;

describe.each(ENGINES)("kitsmith pkg shell on %s", (_, env) => {
  let repository: PackageRepository;
  let scratch: ScratchDirectory;
  const shellIn = (path: string, flags: readonly string[], args: readonly string[]) => [
    ...[...PROGRAM, "pkg", "shell", join(repository.directory, path), "--cache", scratch.directory],
    ...["--progress", "quiet", "--platform", "linux/amd64", ...flags, "--", ...args],
  ];
  const command = (...args: readonly string[]) => shellIn("probe", [], args);

  async function run(program: string, args: readonly string[], input: string) {
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "pipe" });
    child.stdin.end(input);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { stdout, stderr, status };
  }

  async function inTerminal(args: readonly string[], input: string) {
    const quoted = [process.execPath, ...args].map((word) => `'${word}'`).join(" ");
    const script = ["--quiet", "--return", "--command", `stty rows 31 cols 79; ${quoted}`, "/dev/null"];
    return await run("script", script, input);
  }

  beforeAll(async () => {
    scratch = await createScratch();
    repository = await createRepository({
      ...(await shellPackage("probe", ["ENV A=b", "WORKDIR /bin", "USER 7:8"])),
      ...(await shellPackage("broken", ["ENV A=b", "WORKDIR /work", "RUN echo half > made; exit 9"])),
    });
  });
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    await scratch?.[Symbol.asyncDispose]();
  });

  test("runs a shell in the image, fed from a pipe, and ends as the shell does", async () => {
    const input = 'echo "$A $PWD $(id -u)"; echo problem >&2; exit 5\n';
    expect(await run(process.execPath, command(), input)).toEqual({
      stdout: "b /bin 7\n",
      stderr: "problem\n",
      status: 5,
    });
  });

  test("runs a command in place of a shell", async () => {
    expect(await run(process.execPath, command("/bin/sh", "-c", "exit 3"), "")).toMatchObject({ status: 3 });
  });

  test("on a failure runs a shell in the step that failed, with what it wrote", async () => {
    const { stdout, stderr, status } = await run(
      process.execPath,
      shellIn("broken", ["--on-failure"], []),
      'echo "$A $PWD"; cat made; exit 0\n',
    );
    expect(stdout).toBe("b /work\nhalf\n");
    expect(stderr).toContain("BUILD_STEP_FAILED");
    expect(status).toBe(1);
  });

  test("on a failure is a terminal in a terminal", async () => {
    const { stdout, status } = await inTerminal(shellIn("broken", ["--on-failure"], []), "stty size; exit 6\n");
    expect(stdout).toContain("31 79");
    expect(status).toBe(1);
  });

  test("on a failure opens nothing where none fails", async () => {
    const opened = await run(
      process.execPath,
      shellIn("probe", ["--on-failure"], ["/bin/sh", "-c", "echo opened"]),
      "",
    );
    expect(opened).toMatchObject({ stdout: "", status: 0 });
  });

  test("is a terminal in a terminal", async () => {
    const { stdout, status } = await inTerminal(command(), "stty size; exit 6\n");
    expect(stdout).toContain("31 79");
    expect(status).toBe(6);
  });
});
