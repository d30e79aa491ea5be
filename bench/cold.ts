/**
 * Building and pushing 20 packages × 2 platforms of which nothing is there yet, beside `docker buildx bake` on the same
 * engine and registry: with one tag for each package, as bake has it, and with LinuxKit's tags of single architectures, too.
 * Each platform has a step that sleeps for a second, on the engine's own platform. Before each side the engine is emptied, of
 * the directories that clients sent, too, and has time to settle. Our modules are loaded but for the first round; bake's
 * process starts each time. Needs the test programs (`node test/engines/install.mjs`) and root.
 */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { connectEngine } from "../sdk/engine/index.ts";
import { pkg, pkgs } from "../sdk/index.ts";
import { startDockerRegistry } from "../test/engines/docker-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";
import { createBake } from "./harness/bake.ts";
import { INPUTS } from "./harness/inputs.ts";
import { createTimedSide, sampleOf, takeTurns } from "./harness/measurement.ts";
import { createPackageSet, type PackageSet, writeBakeFile } from "./harness/packages.ts";
import { reportComparison } from "./harness/results.ts";
import { sized } from "./harness/size.ts";

const COUNT = INPUTS.packages.some;
const root = mkdtempSync(join(tmpdir(), "kitsmith-bench-"));
await using registry = await startDockerRegistry();
await using engine = await startBuildkitd();
await using store = await connectEngine(engine.address);
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
  const sets = new Map<string, PackageSet>();
  const setOf = (side: string, round: number): PackageSet => {
    const set = sets.get(`${side}-${round}`);
    if (set === undefined) throw new Error(`the packages of ${side} are made before round ${round}`);
    return set;
  };
  const push = (side: string, options: { readonly archTags?: boolean }) =>
    createTimedSide(async (round) => {
      await pkgs(setOf(side, round).glob)
        .org(`${registry.host}/${side}-${round}`)
        .engines(engine.address)
        .push({ ...options, cacheDirectory: join(root, "cache") });
    });
  const sides = {
    tagged: push("tagged", {}),
    plain: push("plain", { archTags: false }),
    bake: createTimedSide((round) => bake(writeBakeFile(setOf("bake", round), `${registry.host}/bake-${round}`))),
  };
  await takeTurns(Object.values(sides), {
    rounds: 7,
    before: (round) => {
      for (const side of Object.keys(sides)) sets.set(`${side}-${round}`, packages(`${side}-${round}`));
    },
    beforeSide: async () => {
      await store.prune();
      await setTimeout(sized(3000, 0));
    },
  });
  const peer = { name: "bake", ...sampleOf(sides.bake.outcomes) };
  const what = `${COUNT} × 2, cold, pushed`;
  reportComparison({ what, ours: sampleOf(sides.plain.outcomes), peer, limit: 1, aim: 0.8 });
  reportComparison({
    what: `${what}, with a tag for each architecture`,
    ours: sampleOf(sides.tagged.outcomes),
    peer,
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
