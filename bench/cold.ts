/**
 * Building and pushing 20 packages × 2 platforms of which nothing is there yet, beside `docker buildx bake` on the same
 * engine and registry: with one tag for each package, as bake has it, and with LinuxKit's tags of single architectures, too.
 * Each platform has a step that sleeps for a second, on the engine's own platform. Before each side the engine is emptied, of
 * the directories that clients sent, too, and has time to settle. Our side is a process that stays, and has its modules loaded
 * but for the first round; bake's starts each time. Needs the test programs (`node test/engines/install.mjs`) and root.
 */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { connectEngine } from "../sdk/engine/index.ts";
import { pkg, pkgs } from "../sdk/index.ts";
import { startDockerRegistry } from "../test/engines/docker-registry.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { testTools } from "../test/engines/test-tools.ts";
import { createBake } from "./harness/bake.ts";
import { serveWork, startClient } from "./harness/client-process.ts";
import { INPUTS } from "./harness/inputs.ts";
import { createSide, createTimedSide, sampleOf, takeTurns } from "./harness/measurement.ts";
import { createPackageSet, type PackageSet, writeBakeFile } from "./harness/packages.ts";
import { reportComparison } from "./harness/results.ts";
import { createScratch } from "./harness/scratch.ts";
import { sized } from "./harness/size.ts";

const COUNT = INPUTS.packages.some;

/** What our side pushes, and how. */
interface Push {
  readonly glob: string;
  readonly organisation: string;
  readonly address: string;
  readonly cacheDirectory: string;
  readonly archTags: boolean;
}

if (process.argv[2] === "client") await serveWork(push);
else await compare();

async function push({ glob, organisation, address, ...options }: Push): Promise<void> {
  await pkgs(glob).org(organisation).engines(address).push(options);
}

async function compare(): Promise<void> {
  using scratch = createScratch();
  await using registry = await startDockerRegistry();
  await using engine = await startBuildkitd();
  await using store = await connectEngine(engine.address);
  await using client = await startClient("cold");
  const { address } = engine;
  const bake = await createBake(scratch.path, address);
  const cacheDirectory = join(scratch.path, "cache");
  const base = await pushBase(join(scratch.path, "base"), `${registry.host}/base`, address, { cacheDirectory });
  const sets = new Map<string, PackageSet>();
  const setOf = (side: string, round: number): PackageSet => {
    const set = sets.get(`${side}-${round}`);
    if (set === undefined) throw new Error(`the packages of ${side} are made before round ${round}`);
    return set;
  };
  const ours = (side: string, archTags: boolean) =>
    createSide((round) => {
      const organisation = `${registry.host}/${side}-${round}`;
      return client.work({
        glob: setOf(side, round).glob,
        organisation,
        address,
        cacheDirectory,
        archTags,
      } satisfies Push);
    });
  const sides = {
    tagged: ours("tagged", true),
    plain: ours("plain", false),
    bake: createTimedSide((round) => bake(writeBakeFile(setOf("bake", round), `${registry.host}/bake-${round}`))),
  };
  await takeTurns(Object.values(sides), {
    rounds: 9,
    before: (round) => {
      for (const side of Object.keys(sides)) {
        const name = `${side}-${round}`;
        sets.set(name, createPackages(join(scratch.path, name), base));
      }
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
}

/** Packages that nobody has built yet; each platform has a step that takes a second, on the engine's own platform. */
function createPackages(directory: string, base: string): PackageSet {
  return createPackageSet({
    directory,
    count: COUNT,
    salt: `${basename(directory)} ${process.pid}`,
    from: [`FROM --platform=$BUILDPLATFORM ${base} AS build`, "ARG TARGETARCH"],
    lines: [
      `RUN ["/bin/sh", "-c", "sleep ${sized(1, 0)}; echo $TARGETARCH > /made"]`,
      "FROM scratch",
      "COPY --from=build /made /content /",
    ],
  });
}

/** An image with a shell, for the engine's own platform. */
async function pushBase(
  directory: string,
  organisation: string,
  address: string,
  options: { readonly cacheDirectory: string },
): Promise<string> {
  const { busybox } = testTools();
  const architecture = process.arch === "arm64" ? "arm64" : "amd64";
  mkdirSync(directory);
  writeFileSync(join(directory, "Dockerfile"), "FROM scratch\nCOPY sh /bin/sh\n");
  copyFileSync(busybox[architecture], join(directory, "sh"));
  chmodSync(join(directory, "sh"), 0o755);
  const base = pkg(directory).org(organisation).hash({ hash: "v1" }).platforms(`linux/${architecture}`);
  return (await base.engines(address).push(options)).reference;
}
