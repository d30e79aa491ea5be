import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { createFromTemplate } from "kitsmith";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listOwnEngines, stopOwnEngine } from "../../sdk/engine/lifecycle/own-engine.ts";
import { parseElf } from "../../sdk/image/elf.ts";
import { stopOwnRegistry } from "../../sdk/testing/own-registry.ts";
import { testTools } from "../engines/test-tools.ts";

const MINUTES_MS = 60_000;
const checkout = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { binDirectories, skopeo, umoci } = testTools();

let stateDirectory: string;
let first: Release;
let second: Release;

interface Release {
  readonly output: string;
  /** Reference of each package by its image's name. */
  readonly references: Readonly<Record<string, string>>;
  readonly digests: readonly string[];
  readonly readBackCommand: string;
}

/** The quickstart as a user runs it, but that its engine and registry have a state directory of their own. */
async function quickstart(): Promise<Release> {
  const { stdout } = await execa(process.execPath, ["quickstart.mjs"], {
    cwd: checkout,
    extendEnv: false,
    env: {
      HOME: process.env.HOME ?? stateDirectory,
      PATH: [...binDirectories, process.env.PATH ?? ""].join(delimiter),
      KITSMITH_STATE: stateDirectory,
    },
  });
  const references = [...stdout.matchAll(/^(\S+\/acme\/([\w-]+):\w+)$/gm)];
  return {
    output: stdout,
    references: Object.fromEntries(references.map(([, reference = "", image = ""]) => [image, reference])),
    digests: [...stdout.matchAll(/sha256:[0-9a-f]{64}/g)].map(([digest]) => digest),
    readBackCommand: /^ {2}(curl .*)$/m.exec(stdout)?.[1] ?? "false",
  };
}

/** A program out of a published image, by way of other tools. */
async function unpackProgram(image: string, architecture: string, path: string): Promise<string> {
  const directory = join(stateDirectory, `${image}-${architecture}`);
  const source = `docker://${first.references[image]}`;
  await execa(skopeo, [
    "copy",
    "--src-tls-verify=false",
    `--override-arch=${architecture}`,
    source,
    `oci:${directory}:t`,
  ]);
  await execa(umoci, ["unpack", "--rootless", "--image", `${directory}:t`, `${directory}-bundle`]);
  return join(`${directory}-bundle/rootfs`, path);
}

beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), "kitsmith-quickstart-"));
  first = await quickstart();
  second = await quickstart();
}, 15 * MINUTES_MS);

afterAll(async () => {
  await stopOwnEngine(stateDirectory, { removeData: true });
  await stopOwnRegistry(join(stateDirectory, "registry"));
  await rm(stateDirectory, { recursive: true, force: true });
}, MINUTES_MS);

describe("the quickstart", () => {
  test("publishes every sample for both platforms", () => {
    expect(Object.keys(first.references).sort()).toEqual(["agent", "banner", "clock-go", "hello-c", "motd"]);
    expect(first.output).toContain("10 of 10 images were built");
  });

  test("builds nothing when nothing has changed", () => {
    expect(second.output).toContain("Nothing was built");
    expect(second.digests).toEqual(first.digests);
  });

  test("prints a command that reads an image back", async () => {
    const { stdout } = await execa("sh", ["-c", second.readBackCommand]);
    const index: unknown = JSON.parse(stdout);
    expect(index).toMatchObject({
      manifests: [{ platform: { architecture: "amd64" } }, { platform: { architecture: "arm64" } }],
    });
  });

  test.each([
    ["hello-c", "usr/bin/hello", "--version"],
    ["clock-go", "usr/bin/clock", "-version"],
    ["agent", "usr/bin/agent", "-once"],
  ])("%s is a static program of each platform, and runs", async (image, path, flag) => {
    for (const architecture of ["amd64", "arm64"]) {
      const program = await unpackProgram(image, architecture, path);
      expect(parseElf(await readFile(program))).toMatchObject({ static: true, architecture });
      expect((await execa(program, [flag])).exitCode).toBe(0);
    }
  });

  test("packages that share an extra source each have it", async () => {
    const banner = await readFile(await unpackProgram("banner", "arm64", "etc/banner"), "utf8");
    expect(banner).toContain("| acme appliance");
    const shared = await readFile(await unpackProgram("motd", "amd64", "usr/share/motd/frame.sh"), "utf8");
    expect(shared).toBe(await readFile(join(checkout, "examples/packages/shared/frame.sh"), "utf8"));
  });
});

describe("a package from the template", () => {
  test("builds and passes its own test", { timeout: 10 * MINUTES_MS }, async () => {
    // Below the checkout, so that the package finds kitsmith as an installed one would.
    const directory = await mkdtemp(join(checkout, ".kitsmith/template-"));
    try {
      await createFromTemplate({ name: "greeter", org: "acme", destination: join(directory, "greeter") });
      await commitAll(directory);
      const config = join(stateDirectory, "vitest.config.mjs");
      const conditions = JSON.stringify(["kitsmith-source", "node", "import", "default"]);
      await mkdir(dirname(config), { recursive: true });
      await writeFile(
        config,
        `export default { resolve: { conditions: ${conditions} }, ssr: { resolve: { conditions: ${conditions} } } };\n`,
      );
      const { stdout } = await execa("npx", ["vitest", "run", "--root", directory, "--config", config], {
        cwd: checkout,
        env: { ...(await engineEnvironment()), LINUXKIT_CACHE: join(stateDirectory, "cache"), NO_COLOR: "1" },
      });
      expect(stdout).toMatch(/Tests +2 passed/);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

async function engineEnvironment(): Promise<Record<string, string>> {
  const [engine] = await listOwnEngines(stateDirectory);
  if (engine === undefined) return {};
  return { [engine.kind === "docker" ? "DOCKER_HOST" : "BUILDKIT_HOST"]: engine.address };
}

async function commitAll(directory: string): Promise<void> {
  const identity = ["-c", "user.name=tester", "-c", "user.email=tester@example.com"];
  await execa("git", ["-C", directory, "init", "--quiet"]);
  await execa("git", ["-C", directory, "add", "."]);
  await execa("git", ["-C", directory, ...identity, "commit", "--quiet", "--message", "Start"]);
}
