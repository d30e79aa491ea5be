import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createProgramDirectory } from "../../../../sdk/engine/lifecycle/program-directory.ts";

let root: string;
let bin: string;

beforeEach(async () => {
  const directory = await mkdtemp(join(tmpdir(), "kitsmith programs'-"));
  root = join(directory, "root");
  bin = join(directory, "bin");
});
afterEach(async () => {
  await rm(dirname(root), { recursive: true, force: true });
});

async function addProgram(path: string, text: string): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
}

async function run(name: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(join(bin, name), args)).stdout;
}

test("programs without libraries are links", async () => {
  await addProgram("usr/sbin/daemon", "#!/bin/sh\necho runs\n");
  await createProgramDirectory(root, bin, { programs: ["daemon", "missing"] });
  expect(await readdir(bin)).toEqual(["daemon"]);
  expect(await readlink(join(bin, "daemon"))).toBe(join(root, "usr/sbin/daemon"));
  expect(await run("daemon")).toBe("runs\n");
});

test("programs with libraries find them, and get their arguments as they are", async () => {
  await addProgram("usr/bin/tool", '#!/bin/sh\necho "$LD_LIBRARY_PATH"; printf "[%s]" "$@"\n');
  await addProgram("usr/lib/x86_64-linux-gnu/libtool.so.1", "");
  await createProgramDirectory(root, bin, { programs: ["tool"], presetArguments: { tool: ["--it's set"] } });
  expect(await run("tool", "a b", "$HOME", "")).toBe(
    `${join(root, "usr/lib/x86_64-linux-gnu")}\n[--it's set][a b][$HOME][]`,
  );
});

test("making it again replaces it", async () => {
  await addProgram("usr/bin/tool", "#!/bin/sh\necho one\n");
  await createProgramDirectory(root, bin, { programs: ["tool"] });
  await createProgramDirectory(root, bin, { programs: ["tool"] });
  expect(await run("tool")).toBe("one\n");
});
