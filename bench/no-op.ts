/**
 * Pushing packages of which nothing changed: 1 and 20 packages × 2 platforms, beside `docker buildx bake` on the same
 * engine and registry. Prints medians and ratios; needs the test programs (`node test/engines/install.mjs`) and root.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { pkgs } from "../sdk/index.ts";
import { startDockerRegistry } from "../test/engines/docker-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";

const ROUNDS = 7;
const root = mkdtempSync(join(tmpdir(), "kitsmith-bench-"));
await using registry = await startDockerRegistry();
await using engine = await startBuildkitd();
try {
  const buildx = createBuilder();
  for (const count of [1, 20]) await compare(count, buildx);
} finally {
  rmSync(root, { recursive: true, force: true });
}

async function compare(count: number, buildx: (...args: string[]) => void): Promise<void> {
  const repository = createPackages(count);
  const push = () =>
    pkgs(join(repository, "pkg/*"))
      .org(`${registry.host}/noop-${count}`)
      .engines(engine.address)
      .push({ cacheDirectory: join(root, "cache") });
  const cold = await measure(() => push());
  const again = await median(() => push());
  const file = writeBakeFile(repository, count);
  const bake = () =>
    buildx("bake", "--builder", "bench", "--push", "--progress", "quiet", "--provenance=false", "-f", file);
  bake();
  const bakeAgain = await median(bake);
  console.log(
    `${count} × 2: kitsmith first ${ms(cold)}, nothing changed ${ms(again)}; bake, nothing changed ${ms(bakeAgain)}`,
  );
  console.log(`${count} × 2: kitsmith / bake, nothing changed: ${(again / bakeAgain).toFixed(3)}`);
}

function createPackages(count: number): string {
  const repository = join(root, `repository-${count}`);
  for (let index = 0; index < count; index += 1) {
    const directory = join(repository, "pkg", `package-${index}`);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "build.yml"), `image: package-${index}\narches: [amd64, arm64]\n`);
    writeFileSync(join(directory, "Dockerfile"), "FROM scratch\nCOPY content /\n");
    writeFileSync(join(directory, "content"), `content of ${index}\n`);
  }
  const git = (...args: string[]) => execFileSync("git", ["-C", repository, ...args]);
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "user.name=Author", "-c", "user.email=author@example.com", "commit", "--quiet", "--message=packages");
  return repository;
}

function writeBakeFile(repository: string, count: number): string {
  const names = Array.from({ length: count }, (_, index) => `package-${index}`);
  const target = Object.fromEntries(
    names.map((name) => [
      name,
      {
        context: join(repository, "pkg", name),
        platforms: ["linux/amd64", "linux/arm64"],
        tags: [`${registry.host}/bake-${count}/${name}:latest`],
      },
    ]),
  );
  const file = join(repository, "bake.json");
  writeFileSync(file, JSON.stringify({ group: { default: { targets: names } }, target }));
  return file;
}

function createBuilder(): (...args: string[]) => void {
  const buildx = (...args: string[]) => {
    execFileSync(testTools().buildx, args, {
      env: { ...process.env, BUILDX_CONFIG: join(root, "buildx"), BUILDX_BAKE_ENTITLEMENTS_FS: "0" },
      stdio: "pipe",
    });
  };
  buildx("create", "--name", "bench", "--driver", "remote", engine.address);
  return buildx;
}

async function median(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) times.push(await measure(work));
  return times.sort((left, right) => left - right)[Math.floor(ROUNDS / 2)] ?? 0;
}

async function measure(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}
