import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCache } from "../../sdk/oci/layout/cache.ts";
import type { Descriptor } from "../../sdk/oci/model/descriptor.ts";
import { createTwoArchIndex } from "./sample-image.ts";

const PROGRAM = fileURLToPath(new URL("../../sdk/cli/main.ts", import.meta.url));
const NODE = ["--import", "tsx", "--conditions=kitsmith-source", PROGRAM];

let directory: string;
let cacheDirectory: string;
let index: Descriptor;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-program-"));
  cacheDirectory = join(directory, "cache");
  const cache = await openCache(cacheDirectory);
  index = await createTwoArchIndex(cache);
  await cache.setReference("a:1", index);
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function kitsmith(args: readonly string[], options: { input?: Uint8Array; cache?: string } = {}) {
  const env = { LINUXKIT_CACHE: options.cache ?? cacheDirectory };
  const { exitCode, stdout, stderr } = await execa(process.execPath, [...NODE, ...args], {
    ...{ env, reject: false, encoding: "buffer" },
    ...(options.input ? { input: options.input } : {}),
  });
  return { exitCode, stdout, stderr: new TextDecoder().decode(stderr) };
}

test("the table goes to stderr, for scripts to stdout, and nothing is shown with --quiet", async () => {
  const list = await kitsmith(["cache", "ls"]);
  expect(list).toMatchObject({ exitCode: 0, stdout: new Uint8Array() });
  const row = `${"docker.io/library/a:1".padEnd(80)} ${index.digest}`;
  expect(list.stderr).toBe(`${"image name".padEnd(80)} root manifest hash\n${row}`);
  const json = await kitsmith(["cache", "ls", "--json"]);
  expect(JSON.parse(new TextDecoder().decode(json.stdout))).toMatchObject({ digest: index.digest });
  expect((await kitsmith(["--quiet", "--cache", cacheDirectory, "cache", "ls"])).stderr).toBe("");
}, 60_000);

test("an archive goes through stdout and stdin", async () => {
  const { exitCode, stdout } = await kitsmith(["cache", "export", "--platform", "all", "--outfile", "-", "a:1"]);
  expect(exitCode).toBe(0);
  const other = join(directory, "other");
  expect(await kitsmith(["cache", "import", "-"], { input: stdout, cache: other })).toMatchObject({ exitCode: 0 });
  expect(await (await openCache(other)).resolve("a:1")).toMatchObject({ digest: index.digest });
}, 60_000);

test("a longer file that is exported over leaves nothing behind, and a failed export leaves it alone", async () => {
  const file = join(directory, "out.tar");
  await writeFile(file, new Uint8Array(1_000_000));
  const exported = await kitsmith([
    "cache",
    "export",
    "--format",
    "docker",
    "--outfile",
    file,
    "--platform",
    "linux/arm64",
    "a:1",
  ]);
  expect(exported.exitCode).toBe(0);
  const content = await readFile(file);
  expect(content.byteLength).toBeLessThan(100_000);
  const failed = await kitsmith(["cache", "export", "--platform", "linux/s390x", "--outfile", file, "a:1"]);
  expect(failed.exitCode).toBe(1);
  expect(await readFile(file)).toEqual(content);
  expect((await readdir(directory)).filter((name) => name.includes("partial"))).toEqual([]);
}, 60_000);

test.each([
  ["cache rm none:1", "CONTENT_NOT_FOUND"],
  ["cache export a:1", "INPUT_OPTION_INVALID"],
  ["cache export --format zip --outfile - a:1", "INPUT_OPTION_INVALID"],
  ["cache import none.tar", "INPUT_SOURCE_UNREADABLE"],
  ["cache push a", "CONTENT_NOT_FOUND"],
])(
  "%s fails",
  async (line, code) => {
    const { exitCode, stderr, stdout } = await kitsmith(line.split(" "));
    expect({ exitCode, code: /^[A-Z_]+/.exec(stderr)?.[0], stdout }).toEqual({
      exitCode: 1,
      code,
      stdout: new Uint8Array(),
    });
  },
  60_000,
);

test("a damaged cache is named, repaired, and emptied", async () => {
  await truncate(join(cacheDirectory, "index.json"), 30);
  expect((await kitsmith(["cache", "ls"])).exitCode).toBe(1);
  const check = await kitsmith(["cache", "check"]);
  expect(check.exitCode).toBe(1);
  expect(new TextDecoder().decode(check.stdout)).toContain(join(cacheDirectory, "index.json"));
  expect((await kitsmith(["cache", "check", "--repair"])).exitCode).toBe(0);
  expect((await kitsmith(["cache", "clean", "--all"])).exitCode).toBe(0);
  expect(await readdir(join(cacheDirectory, "blobs", "sha256"))).toEqual([]);
}, 60_000);
