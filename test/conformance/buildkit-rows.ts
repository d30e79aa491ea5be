import { better, gone, later, other, type Row, row, same } from "./row.ts";

const FLOWS = "integration/run-flows.itg.test.ts";
const ENGINE = "is kept by the engine itself, whichever builds";
const NO_DAEMON = "about the daemon, which kitsmith uses and does not replace";

/** What BuildKit's README said in July 2018. */
export const BUILDKIT_ROWS: readonly Row[] = [
  row(
    "B01",
    "Source becomes artefacts, efficiently and repeatably.",
    same(FLOWS, "build() and push() give one digest, and the cache is an OCI layout that others read"),
  ),
  row(
    "B02",
    "What is not used any more is cleaned away.",
    same(
      "integration/container-engine.itg.test.ts",
      "pkg build, builder du and builder prune use the container that flags and variables name",
    ),
  ),
  row(
    "B03",
    "Formats of builds can be added.",
    same("integration/frontend.itg.test.ts", "gets its own options, the package's settings and its directory"),
  ),
  row(
    "B04",
    "Dependencies are resolved concurrently.",
    better("Packages and platforms, too.", FLOWS, "four packages at once do not overwrite each other's context"),
  ),
  row("B05", "Steps are cached.", other(ENGINE)),
  row("B06", "Caches go in and out.", same("integration/build-cache.itg.test.ts", "caches beside the engine's own")),
  row(
    "B07",
    "Builds can call builds.",
    same(
      "integration/composition.itg.test.ts",
      "a package is built first, and its files and config are what the recipe starts from",
    ),
  ),
  row(
    "B08",
    "Workers can be spread.",
    same("integration/discovery.itg.test.ts", "by contexts that the docker CLI wrote"),
  ),
  row(
    "B09",
    "Results come in several formats.",
    same(FLOWS, "writes OCI and docker archives, root file systems as tar and as a directory"),
  ),
  row("B10", "Its parts can be replaced.", other(NO_DAEMON)),
  row("B11", "It runs without root.", later("tests with a rootless daemon")),
  row(
    "B12",
    "There are two backends, runc and containerd.",
    better(
      "Both are built on in every test, as buildkitd and as dockerd with containerd's store.",
      FLOWS,
      "pushes two platforms and one index, which skopeo reads back to the byte",
    ),
  ),
  row("B13", "How the daemon is compiled.", other(NO_DAEMON)),
  row(
    "B14",
    "How the daemon is started.",
    better(
      "kitsmith starts one where there is none.",
      "integration/own-engine.itg.test.ts",
      "an engine of kitsmith's own",
    ),
  ),
  row(
    "B15",
    "LLB is a graph in protobuf, for any vendor.",
    same("contract/llb-oracle.test.ts", "a definition is dumped as buildctl dumps it"),
  ),
  row(
    "B16",
    "Dockerfiles and other languages compile to LLB.",
    better(
      "TypeScript is one.",
      FLOWS,
      "a recipe cross-compiles on the engine's platform, inherits from its base and sets the image's config",
    ),
  ),
  row(
    "B17",
    "Example programs print LLB without running anything.",
    same("integration/llb-dump.itg.test.ts", "definitions are dumped and drawn as buildctl does it"),
  ),
  row(
    "B18",
    "`buildctl debug dump-llb` prints operations, or a graph.",
    same("integration/llb-dump.itg.test.ts", "definitions are dumped and drawn as buildctl does it"),
  ),
  row(
    "B19",
    "`buildctl build` reads LLB, shows progress and writes a trace.",
    better(
      "`kitsmith llb dump` reads LLB. In place of a trace, `--progress=json` writes every event of a run as a line of JSON: each step's begin, end, cache hit, output and failure.",
      "unit/progress/create-renderer.test.ts",
      "json is one line per event that reads back, with no control character",
    ),
  ),
  row(
    "B20",
    "Any image can be a frontend.",
    same("integration/frontend.itg.test.ts", "gets its own options, the package's settings and its directory"),
  ),
  row(
    "B21",
    "A Dockerfile is built from two directories of the client.",
    same(
      "integration/context.itg.test.ts",
      "only what the Dockerfile copies is sent, through links and with commas in its name",
    ),
  ),
  row(
    "B22",
    "The frontend takes a target and build arguments.",
    same("unit/lower/dockerfile.test.ts", "passes target, Dockerfile and no-cache on"),
  ),
  row("B23", "Results are loaded into docker.", same(FLOWS, "runs what load() gave it")),
  row(
    "B24",
    "The frontend can be an image, the context a git repository.",
    same(
      "integration/remote-context.itg.test.ts",
      "a git repository at a branch: the tag is its commit, which is what is built",
    ),
  ),
  row(
    "B25",
    "Without exporter the result stays in the engine.",
    same("integration/open.itg.test.ts", "builds what does not exist, and puts it nowhere"),
  ),
  row(
    "B26",
    "Images are pushed with docker's credentials.",
    same(FLOWS, "pushes two platforms and one index, which skopeo reads back to the byte"),
  ),
  row(
    "B27",
    "Files come to a directory of the client.",
    same(FLOWS, "writes OCI and docker archives, root file systems as tar and as a directory"),
  ),
  row(
    "B28",
    "A docker archive.",
    same(FLOWS, "writes OCI and docker archives, root file systems as tar and as a directory"),
  ),
  row(
    "B29",
    "An OCI archive.",
    same(FLOWS, "writes OCI and docker archives, root file systems as tar and as a directory"),
  ),
  row(
    "B30",
    "`buildctl du` and `debug workers`.",
    same("integration/pkg-commands.itg.test.ts", "builder du lists what lies in the engine's cache"),
  ),
  row("B31", "The daemon is reached at BUILDKIT_HOST.", same("integration/discovery.itg.test.ts", "by BUILDKIT_HOST")),
  row("B32", "OpenTracing by JAEGER_TRACE.", gone("BuildKit has left it, too.")),
  row("B33", "Which runc it uses.", other(NO_DAEMON)),
  row("B34", "How it is tested and vendored.", other(NO_DAEMON)),
];
