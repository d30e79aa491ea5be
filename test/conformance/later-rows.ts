import { better, type Row, row, same } from "./row.ts";

const CONTAINER = "integration/container-engine.itg.test.ts";
const PEER = "conformance/peer.test.ts";
const PEER_TEST = "the LinuxKit CLI's own answers";

/** What LinuxKit's documents promised later. */
export const LATER_ROWS: readonly Row[] = [
  row("N01", "`tag` and `--tag`, constant or template.", same(PEER, PEER_TEST)),
  row("N02", "`dockerfile`, in the package's directory or below.", same(PEER, PEER_TEST)),
  row(
    "N03",
    "`buildArgs` and --build-arg-file beat the arguments that every build gets.",
    better(
      "Empty lines and comments in the file do not count.",
      "unit/loaders/build-arg-file.test.ts",
      "later files win, and blanks, empty lines and comments do not count",
    ),
  ),
  row("N04", "SOURCE, REVISION, GOPKGVERSION, PKG_HASH and PKG_IMAGE.", same(PEER, PEER_TEST)),
  row(
    "N05",
    "`@lkt:pkg:` and `@lkt:pkgs:` with globs and braces.",
    better("Braces work, as documented.", "unit/loaders/package-glob.test.ts", "%s"),
  ),
  row(
    "N06",
    "LINUXKIT_MIRROR, _PKG_ORG, _BUILDERS, _CACHE and _BUILDER_…; flags come first.",
    better(
      "LINUXKIT_CACHE holds for the cache commands, too, and those for the builder's container for `pkg builder`.",
      "conformance/flags.test.ts",
      "variables of LinuxKit's environment are read",
    ),
  ),
  row(
    "N07",
    "Every user can have a builder of their own.",
    better(
      "An engine that kitsmith starts is the user's own, too.",
      CONTAINER,
      "pkg build, builder du and builder prune use the container that flags and variables name",
    ),
  ),
  row(
    "N08",
    "What the builder has built outlives its container.",
    same(CONTAINER, "is made anew, once, where that is asked for; what it has built stays"),
  ),
  row(
    "N09",
    "The builder gets the certificates of registries.",
    better(
      "They go to the docker that the container is on, also where that is not the current one.",
      CONTAINER,
      "gets settings with the certificates that they name, and is made anew for others",
    ),
  ),
  row(
    "N10",
    "Processes that write the cache's index exclude each other.",
    same("contract/layout-processes.test.ts", "500 updates at once, from ten processes, are all there"),
  ),
  row(
    "N11",
    "`cache import -` reads stdin.",
    same("contract/cache-images.test.ts", "go from cache to cache with their names"),
  ),
  row(
    "N12",
    "riscv64 is among the architectures of every package.",
    same("unit/loaders/build-yml.test.ts", "defaults"),
  ),
  row("N13", "A name with a registry's host is not put on Docker Hub.", same(PEER, PEER_TEST)),
  row(
    "N17",
    "Packages have a bill of materials, unless it is switched off.",
    better(
      "--sbom-scanner=false works, and a scanner that cannot be had is said before the build.",
      "integration/pkg-commands.itg.test.ts",
      "a scanner that cannot be had is said before the build, with the switch",
    ),
  ),
];
