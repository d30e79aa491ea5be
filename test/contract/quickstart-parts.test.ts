import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const parts = join(dirname(fileURLToPath(import.meta.url)), "../../scripts/quickstart");
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-quickstart-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
}

/** Runs plain Node, as the quickstart does, with the functions of one of its modules. */
async function runWith(part: string, names: string, code: string) {
  const program = `import { ${names} } from ${JSON.stringify(pathToFileURL(join(parts, part)).href)};\n${code}`;
  return await execa(process.execPath, ["--input-type=module", "--eval", program], { cwd: directory, reject: false });
}

describe("a pipeline in the process of the quickstart", () => {
  const run = (abort: string) =>
    runWith(
      "pipeline.mjs",
      "runPipeline",
      `const stop = new AbortController();
       ${abort}
       const place = { env: { PLACE: "here" }, sdk: process.cwd(), signal: stop.signal };
       process.exitCode = await runPipeline(process.cwd() + "/pipeline.ts", ["first", "--second"], place);`,
    );

  test("has arguments and environment of its own, and the SDK that was compiled", async () => {
    await write({
      "package.json": '{ "type": "module" }',
      "index.js": 'export const kind = "compiled";',
      "pipeline.ts": `import { kind } from "kitsmith";
        const words: readonly (string | undefined)[] = [kind, process.env.PLACE, ...process.argv.slice(2)];
        console.log(words.join(" "));
        process.exitCode = 3;`,
    });
    expect(await run("")).toMatchObject({ stdout: "compiled here first --second", exitCode: 3 });
  });

  test("hears of a signal that came before it listened", async () => {
    await write({
      "package.json": '{ "type": "module" }',
      "index.js": "",
      "pipeline.ts": `const waiting = setInterval(() => undefined, 1000);
        process.on("SIGTERM", () => undefined);
        await new Promise<void>((resolve) => process.on("SIGINT", () => resolve()));
        clearInterval(waiting);
        process.exitCode = 130;`,
    });
    expect(await run("stop.abort();")).toMatchObject({ exitCode: 130 });
  });
});

test("sources are compiled once per state of them", async () => {
  const entries = ["index", "run/machine/embedded-registry", "engine/lifecycle/own-engine", "testing/registry-process"];
  await write({
    ...Object.fromEntries(entries.map((name) => [`sdk/${name}.ts`, `console.log("${name}");`])),
    ...{ "package.json": '{ "type": "module" }', "package-lock.json": "{}" },
    "scripts/quickstart/compiled-sdk.mjs": "",
  });
  const compile = async () =>
    (await runWith("compiled-sdk.mjs", "compileSdk", 'console.log(await compileSdk(process.cwd(), "compiled"));'))
      .stdout;
  const first = await compile();
  await writeFile(join(directory, first, "mark"), "");
  expect(await compile()).toBe(first);
  expect(await readdir(join(directory, first))).toEqual(
    expect.arrayContaining(["index.js", "embedded-registry.js", "mark", "own-engine.js", "registry-process.js"]),
  );
  await write({ "sdk/index.ts": 'console.log("changed");' });
  const second = await compile();
  expect(await readdir(join(directory, "compiled"))).toEqual([second.replace("compiled/", "")]);
  expect((await execa(process.execPath, [join(directory, second, "index.js")])).stdout).toBe("changed");
});

test("the samples' repository has a new commit only when a sample has changed", async () => {
  const update = async () => {
    const call = 'console.log(updateSampleRepository("samples", "repository"));';
    const { stdout } = await runWith("sample-repository.mjs", "updateSampleRepository", call);
    expect(stdout).toBe(join("repository", "packages"));
    const commits = await execa("git", ["-C", join(directory, "repository"), "rev-list", "HEAD"]);
    return commits.stdout.split("\n");
  };
  await write({ "samples/one/build.yml": "image: one\n", "samples/one/Dockerfile": "FROM scratch\n" });
  const first = await update();
  expect(await update()).toEqual(first);
  await write({ "samples/one/Dockerfile": "FROM scratch\nCOPY . /\n" });
  expect((await update()).slice(1)).toEqual(first);
  await rm(join(directory, "samples/one/Dockerfile"));
  expect(await update()).toHaveLength(3);
  expect(await readdir(join(directory, "repository/packages/one"))).toEqual(["build.yml"]);
});
