/**
 * Building and pushing 20 packages × 2 platforms of which nothing is there yet, beside `docker buildx bake` on the same
 * engine and registry. Each platform has a step that sleeps for a second, on the engine's own platform. Needs the test
 * programs (`node test/engines/install.mjs`) and root.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pkg, pkgs } from "../sdk/index.ts";
import { startDockerRegistry } from "../test/engines/docker-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";
import { createBake } from "./harness/bake.ts";
import { INPUTS } from "./harness/inputs.ts";
import { measureInTurns } from "./harness/measurement.ts";
import { createPackageSet, writeBakeFile } from "./harness/packages.ts";
import { reportComparison } from "./harness/results.ts";
import { sized } from "./harness/size.ts";

const COUNT = INPUTS.packages.some;
const root = mkdtempSync(join(tmpdir(), "kitsmith-bench-"));
await using registry = await startDockerRegistry();
await using engine = await startBuildkitd();
try {
  const bake = await createBake(root, engine.address);
  const base = await pushBase();
  const packages = (name: string) =>
    createPackageSet({
      directory: join(root, name),
      count: COUNT,
      salt: `${name} ${process.pid}`,
      from: [`FROM --platform=$BUILDPLATFORM ${base} AS build`, "ARG TARGETARCH"],
      lines: [
        `RUN ["/bin/sh", "-c", "sleep ${sized(1, 0)}; echo $TARGETARCH > /made"]`,
        "FROM scratch",
        "COPY --from=build /made /content /",
      ],
    });
  const sets = new Map<string, ReturnType<typeof packages>>();
  const [ours, theirs] = await measureInTurns(
    async (round) => {
      const set = sets.get(`ours-${round}`);
      await pkgs(set?.glob ?? "")
        .org(`${registry.host}/cold-${round}`)
        .engines(engine.address)
        .push({ cacheDirectory: join(root, "cache") });
    },
    async (round) => {
      const set = sets.get(`theirs-${round}`);
      if (set) await bake(writeBakeFile(set, `${registry.host}/bake-${round}`));
    },
    {
      rounds: 5,
      before: (round) => {
        for (const side of ["ours", "theirs"]) sets.set(`${side}-${round}`, packages(`${side}-${round}`));
      },
    },
  );
  reportComparison({
    what: `${COUNT} × 2, cold, pushed`,
    ours,
    peer: { name: "bake", ...theirs },
    limit: 1,
    aim: 0.8,
  });
} finally {
  rmSync(root, { recursive: true, force: true });
}

/** An image with a shell, for the engine's own platform. */
async function pushBase(): Promise<string> {
  const { busybox } = testTools();
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  const directory = join(root, "base");
  mkdirSync(directory);
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\nCOPY sh /bin/sh\n");
  copyFileSync(busybox[architecture], join(directory, "sh"));
  chmodSync(join(directory, "sh"), 0o755);
  const base = pkg(directory).org(`${registry.host}/base`).hash({ hash: "v1" }).platforms(`linux/${architecture}`);
  return (await base.engines(engine.address).push({ cacheDirectory: join(root, "cache") })).reference;
}
