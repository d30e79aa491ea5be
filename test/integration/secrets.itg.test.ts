import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { type FluentPackage, fromEnv, fromFile, fromValue, llb, pkg, pkgs } from "kitsmith";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { publishBaseImage } from "./base-image.ts";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { eventsOf, failureOf, loggedText, shellPackage } from "./run-fixture.ts";

// Not as one text: the lines of this file travel with the graph, for error messages.
const TOKEN = ["t0ken", "of", "the", "environment"].join("-");
const KEY = "-----BEGIN KEY-----\nfirst-line-of-the-key\nsecond-line-of-the-key\n-----END KEY-----\n";
const registry = inject("registryHost");

const MOUNT_TOKEN = "RUN --mount=type=secret,id=TOKEN,required=true";

describe.each(BOTH_ENGINES)("secrets on %s", (name, engine) => {
  let cacheDirectory: string;
  let repository: PackageRepository;

  const open = (path: string): FluentPackage =>
    pkg(join(repository.directory, path)).noCache().engines(engine).platforms("linux/amd64");
  const build = (fluent: FluentPackage) => fluent.build({ cacheDirectory, force: true });

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-secrets-"));
    repository = await createRepository({
      ...(await shellPackage("reads", [
        `${MOUNT_TOKEN} read -r t < /run/secrets/TOKEN; echo "it has \${#t} characters"`,
      ])),
      ...(await shellPackage("prints", [
        `${MOUNT_TOKEN} --mount=type=secret,id=KEY,target=/key read -r t < /run/secrets/TOKEN; echo "token $t."; while read -r l; do echo "key $l."; done < /key`,
      ])),
      ...(await shellPackage("dribbles", [
        `${MOUNT_TOKEN} read -r t < /run/secrets/TOKEN; h="\${t#????????}"; printf "%s" "\${t%$h}"; sleep 1; echo "$h, then hunt"`,
      ])),
      ...(await shellPackage("fails", [`${MOUNT_TOKEN} read -r t < /run/secrets/TOKEN; echo "bad $t" >&2; exit 3`])),
      ...(await shellPackage("env", [`RUN --mount=type=secret,id=TOKEN,env=T echo "it has \${#T} characters"`])),
      ...(await shellPackage("optional", ["RUN --mount=type=secret,id=TOKEN [ ! -e /run/secrets/TOKEN ]"])),
    });
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test("a step reads one from the environment, as file and as variable", async () => {
    vi.stubEnv("CI_TOKEN", TOKEN);
    for (const path of ["reads", "env"]) {
      const run = build(open(path).secrets({ TOKEN: fromEnv("CI_TOKEN") }));
      await run;
      expect(await loggedText(run)).toContain(`it has ${TOKEN.length} characters`);
    }
  });

  test("what a step prints is redacted, line by line", async () => {
    const file = join(cacheDirectory, "key.pem");
    await writeFile(file, KEY);
    const run = build(open("prints").secrets({ TOKEN: async () => TOKEN, KEY: fromFile(file) }));
    await run;
    expect(await loggedText(run)).toContain("token ***.\nkey ***.\nkey ***.\nkey ***.\nkey ***.\n");
  });

  test("what comes in pieces is redacted, and the rest is whole", async () => {
    const run = build(open("dribbles").secrets({ TOKEN: fromValue(TOKEN) }));
    await run;
    expect(await loggedText(run)).toBe("***, then hunt\n");
  });

  test("a failure shows no secret anywhere", async () => {
    const fluent = open("fails").secrets({ TOKEN: fromValue(TOKEN) });
    const run = build(fluent);
    const error = await failureOf(run);
    const everything = inspect([error, await eventsOf(run), fluent.spec, await fluent.plan({ cacheDirectory })], {
      depth: 20,
      showHidden: true,
    });
    expect(error.cause).toMatchObject({ code: "BUILD_STEP_FAILED", details: { exitCode: 3, logs: ["bad ***"] } });
    expect(everything).toContain("bad ***");
    expect(everything).not.toContain(TOKEN);
    expect(JSON.stringify(fluent.spec)).not.toContain(TOKEN);
  });

  test("nobody is asked for a secret that no step wants", async () => {
    let asked = 0;
    const count = async (): Promise<undefined> => {
      asked += 1;
    };
    await build(open("optional").secrets({ OTHER: count }));
    expect(asked).toBe(0);
    await build(open("optional").secrets({ TOKEN: count }));
    expect(asked).toBe(1);
  });

  test("a secret that is not there fails before the build, one that a function does not have in it", async () => {
    const missing = [fromEnv("KITSMITH_NO_SUCH_VARIABLE"), fromFile("/no/such/file"), fromFile(cacheDirectory)];
    for (const source of missing) {
      const run = build(open("reads").secrets({ TOKEN: source }));
      expect((await failureOf(run)).code).toBe("INPUT_SECRET_MISSING");
      expect((await eventsOf(run)).filter(({ type }) => type === "node.started")).toEqual([]);
    }
    const error = await failureOf(build(open("reads").secrets({ TOKEN: async () => undefined })));
    expect(error.cause).toMatchObject({ code: "BUILD_STEP_FAILED" });
    const thrown = await failureOf(
      build(open("reads").secrets({ TOKEN: () => Promise.reject(new Error(`vault says ${TOKEN}`)) })),
    );
    expect(thrown.cause).toMatchObject({ code: "INPUT_SECRET_MISSING" });
  });

  test("a secret has at most 500 KiB", async () => {
    expect(() => fromValue("x".repeat(500 * 1024 + 1))).toThrowError(
      expect.objectContaining({ code: "INPUT_SECRET_TOO_LARGE" }),
    );
    const file = join(cacheDirectory, "large");
    await writeFile(file, "x".repeat(500 * 1024 + 1));
    const fromLargeFile = build(open("reads").secrets({ TOKEN: fromFile(file) }));
    expect((await failureOf(fromLargeFile)).code).toBe("INPUT_SECRET_TOO_LARGE");
    await writeFile(file, `${"x".repeat(500 * 1024 - 1)}\n`);
    await build(open("reads").secrets({ TOKEN: fromFile(file) }));
  });

  test("a set gives its secrets to every package, under the package's own", async () => {
    const run = pkgs([open("prints").secrets({ TOKEN: fromValue("own-token") }), open("reads")])
      .secrets({ TOKEN: fromValue(TOKEN), KEY: fromValue("key") })
      .build({ cacheDirectory, force: true });
    await run;
    expect(await loggedText(run)).toContain(`it has ${TOKEN.length} characters`);
    expect(await loggedText(run)).toContain("token ***.");
  });

  test("a recipe's step gets one as file and as variable; no image, layer or graph holds it", async () => {
    const base = await publishBaseImage(registry, engine, cacheDirectory);
    const recipe = pkg({
      directory: join(repository.directory, "reads"),
      org: `${registry}/secrets-${name}`,
      image: "recipe",
      recipe: () =>
        llb.image(base).run(`read -r t < /key; echo "$t, $T: \${#T}"`, {
          mounts: [llb.secretMount("/key", { id: "TOKEN" })],
          secretEnv: { T: "TOKEN" },
        }),
    });
    const fluent = recipe
      .platforms("linux/amd64")
      .engines(engine)
      .noCache()
      .secrets({ TOKEN: fromValue(TOKEN) });
    const run = build(fluent);
    await run;
    expect(await loggedText(run)).toBe(`***, ***: ${TOKEN.length}\n`);
    const definition = await fluent.toLLB("linux/amd64", { engine });
    expect(Buffer.from(definition.toBytes()).includes(TOKEN)).toBe(false);
  });
});
