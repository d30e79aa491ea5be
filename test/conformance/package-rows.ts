import { better, gone, other, type Row, row, same } from "./row.ts";

const PEER = "conformance/peer.test.ts";
const PEER_TEST = "the LinuxKit CLI's own answers";
const FLOWS = "integration/run-flows.itg.test.ts";
const YML = "unit/loaders/build-yml.test.ts";
const DEPENDS = "integration/depends-images.itg.test.ts";
const CLI = "integration/pkg-commands.itg.test.ts";
const CONTAINER = "integration/container-engine.itg.test.ts";
const BUILDERS = "unit/engine/discovery/builders.test.ts";
const NOT_SIGNED = "Images are not signed any more, neither here nor with LinuxKit.";
const UNSIGNED = [NOT_SIGNED, "conformance/flags.test.ts", "flags of older documents say what became of them"] as const;

/** What docs/packages.md says, in its editions of 2017 and 2021. */
export const PACKAGE_ROWS: readonly Row[] = [
  row(
    "P01",
    "A package is an image of which bootable images are made; anybody can write one.",
    same(FLOWS, "pushes two platforms and one index, which skopeo reads back to the byte"),
  ),
  row("P02", "Official packages are signed.", gone(NOT_SIGNED)),
  row(
    "P03",
    "A package is for several architectures, by one index.",
    same(FLOWS, "pushes two platforms and one index, which skopeo reads back to the byte"),
  ),
  row(
    "P04",
    "Packages are built from known sources, in stages.",
    other("a rule for LinuxKit's own packages, not for the tool"),
  ),
  row(
    "P05",
    "One call can build many packages.",
    better(
      "They are built in parallel, in the order of their dependencies.",
      FLOWS,
      "four packages at once do not overwrite each other's context",
    ),
  ),
  row(
    "P06",
    "What exists under the package's tag is not built again.",
    better(
      "An image that was made from other inputs than the tag covers is refused, not reused.",
      FLOWS,
      "does nothing when nothing changed, and says why",
    ),
  ),
  row("P07", "Every change that is merged makes another tag.", same(PEER, PEER_TEST)),
  row(
    "P08",
    "A build.yml and a Dockerfile make a package.",
    better(
      "A directory with only a Dockerfile is one, too; or one is written as code.",
      "unit/loaders/load-package.test.ts",
      "a directory with only a Dockerfile is named like the directory",
    ),
  ),
  row("P09", "`image` must be there.", same(YML, "what is wrong, with its place")),
  row("P10", "`org` is the organisation.", same(PEER, PEER_TEST)),
  row("P11", "`arches` names the architectures.", same(PEER, PEER_TEST)),
  row(
    "P12",
    "`extra-sources` puts directories of the repository into the context; their trees are part of the tag.",
    same(FLOWS, "extra sources lie in the context, and a change of one makes another tag"),
  ),
  row("P13", "`gitrepo` names where the source is.", same(PEER, PEER_TEST)),
  row("P14", "`network` gives build steps a network; without it they have none.", same(PEER, PEER_TEST)),
  row(
    "P15",
    "`disable-content-trust` in build.yml.",
    gone(`An error that says so, as with LinuxKit. ${NOT_SIGNED}`, YML, "%s has a hint"),
  ),
  row(
    "P16",
    "`disable-cache` runs every step again.",
    same("unit/lower/dockerfile.test.ts", "passes target, Dockerfile and no-cache on"),
  ),
  row("P17", "`config` becomes the label org.mobyproject.config.", same(PEER, PEER_TEST)),
  row(
    "P18",
    "`depends.docker-images` puts images as archives into the context.",
    better(
      "No docker is needed, the package's directory stays as it is, and each platform gets its own images.",
      DEPENDS,
      "target-dir holds a file for each image, as docker saves and loads it",
    ),
  ),
  row("P19", "`from-file` and `list` exclude each other.", same(YML, "what is wrong, with its place")),
  row("P20", "Every image of the list has a digest.", same(YML, "what is wrong, with its place")),
  row("P21", "`from-file` lies in the package's directory.", same(YML, "what is wrong, with its place")),
  row(
    "P22",
    "In it, empty lines and those that begin with # do not count.",
    same(YML, "one image per line; only empty lines and # in the first column are left out"),
  ),
  row("P23", "`target` and `target-dir` exclude each other.", same(YML, "what is wrong, with its place")),
  row(
    "P24",
    "`target` is one archive with all images.",
    same(DEPENDS, "target is one file with all images of a list in a file, of the platform that is built for"),
  ),
  row(
    "P25",
    "`target-dir` has one archive for each, `name@digest.tar`.",
    same(DEPENDS, "target-dir holds a file for each image, as docker saves and loads it"),
  ),
  row(
    "P26",
    "`target-dir` is emptied first.",
    same(DEPENDS, "target-dir holds a file for each image, as docker saves and loads it"),
  ),
  row("P27", "Docker 17.06 is needed.", gone("No docker is needed; any BuildKit from 0.13 on will do.")),
  row(
    "P28",
    "Docker 19.03 with buildx is needed.",
    gone(
      "Neither is needed.",
      "integration/own-engine.itg.test.ts",
      "is buildkitd where PATH has it, and is used again",
    ),
  ),
  row(
    "P29",
    "On macOS, the keychain's credential helper is used.",
    same("unit/credentials/docker-credentials.test.ts", "a host's helper wins over the store, and is asked once"),
  ),
  row("P30", "make, base64, jq, expect and notary are needed.", gone("Node and git are.")),
  row(
    "P31",
    "manifest-tool is needed.",
    gone("Indexes are made by kitsmith itself.", FLOWS, "a platform that is added later joins the index"),
  ),
  row(
    "P32",
    "Who pushes logs in with `docker login`.",
    same("unit/credentials/docker-credentials.test.ts", "a host's helper wins over the store, and is asked once"),
  ),
  row(
    "P33",
    "Images go into LinuxKit's cache, and into docker where that is asked for.",
    same(CLI, "with docker, they are loaded, and pushed as well"),
  ),
  row(
    "P34",
    "The cache lies in ~/.linuxkit/cache, or elsewhere.",
    same(CLI, "build leaves what LinuxKit reads in the cache"),
  ),
  row("P35", "The cache is always written.", same(CLI, "push leaves in the cache what it pushed")),
  row("P36", "`linuxkit build` reads that cache.", same(CLI, "build leaves what LinuxKit reads in the cache")),
  row(
    "P37",
    "The cache holds layers, images and the index, ready to be pushed.",
    same(FLOWS, "build() and push() give one digest, and the cache is an OCI layout that others read"),
  ),
  row(
    "P38",
    "Another architecture that is built later joins the index in the cache.",
    same(FLOWS, "a platform that is added later joins the index"),
  ),
  row(
    "P39",
    "Only this machine's platform can be built.",
    gone(
      "All can be: natively elsewhere, cross-compiled, or under emulation.",
      FLOWS,
      "runs steps for arm64 under real emulation, where that is allowed",
    ),
  ),
  row(
    "P40",
    "Docker's store is for builds that are not pushed.",
    gone("Both can be had at once.", CLI, "with docker, they are loaded, and pushed as well"),
  ),
  row("P41", "First the cache, then docker.", same(CLI, "with docker, they are loaded, and pushed as well")),
  row(
    "P42",
    "Every platform of build.yml is built.",
    same(FLOWS, "pushes two platforms and one index, which skopeo reads back to the byte"),
  ),
  row("P43", "Where it names none: all that LinuxKit has.", same(YML, "defaults")),
  row("P44", "`--skip-platforms` leaves platforms out.", same(PEER, PEER_TEST)),
  row("P45", "`--platforms` takes their place.", same(PEER, PEER_TEST)),
  row(
    "P46",
    "Builds are native, cross-compiled, or emulated.",
    better(
      "`--no-emulation` refuses the last, before a step runs.",
      FLOWS,
      "runs steps for arm64 under real emulation, where that is allowed",
    ),
  ),
  row(
    "P47",
    "A buildx builder is made where there is none.",
    better(
      "With --builder-name, -image, -config or -restart a container as LinuxKit's is; else an engine is found, or one is started. --builder-restart makes it anew once in a run, not for each platform; certificates that changed count as other settings; a container that is no BuildKit is left alone; where its image cannot be had, the old container stays.",
      CONTAINER,
      "pkg build, builder du and builder prune use the container that flags and variables name",
    ),
  ),
  row(
    "P48",
    "Builders and docker contexts decide where a platform is built.",
    same("integration/discovery.itg.test.ts", "by contexts that the docker CLI wrote"),
  ),
  row(
    "P49",
    "A context that is named for an architecture builds it; others the default.",
    same("integration/discovery.itg.test.ts", "by contexts that the docker CLI wrote"),
  ),
  row(
    "P50",
    "Docker without this machine's architecture is an error.",
    gone(
      "What was built is loaded, under the tags of single architectures, as LinuxKit does it.",
      CLI,
      "with docker, they are loaded, and pushed as well",
    ),
  ),
  row(
    "P51",
    "Other machines build by docker contexts.",
    better(
      "And by any address of a BuildKit.",
      "integration/discovery.itg.test.ts",
      "by contexts that the docker CLI wrote",
    ),
  ),
  row(
    "P52",
    "First come --builders.",
    same("unit/engine/discovery/discover-engine.test.ts", "each place is taken only if none before it has an engine"),
  ),
  row("P53", "Then LINUXKIT_BUILDERS.", same(BUILDERS, "a platform that is none is an error")),
  row(
    "P54",
    "Then contexts that are called linuxkit-OS-ARCH.",
    same("integration/discovery.itg.test.ts", "by contexts that the docker CLI wrote"),
  ),
  row(
    "P55",
    "Then the default.",
    better(
      "BUILDKIT_HOST, docker, a buildkitd of this machine, one that is started.",
      "unit/engine/discovery/discover-engine.test.ts",
      "last comes one that is started",
    ),
  ),
  row(
    "P56",
    "A context that is named and missing is fatal.",
    same("unit/engine/discovery/discover-engine.test.ts", "by a context that does not exist"),
  ),
  row(
    "P57",
    "Official images are for amd64, arm64 and s390x.",
    other("a rule for LinuxKit's own packages, not for the tool"),
  ),
  row(
    "P58",
    "Architectures are pushed one after the other.",
    gone(
      "Any number of machines can push at once.",
      "contract/registry-writers.test.ts",
      "an index that was read before others published loses neither their images nor their attestations",
    ),
  ),
  row(
    "P59",
    "Architectures can be pushed in parallel, and the index is made at the end.",
    same(CLI, "manifest makes one index of what machines pushed by architecture"),
  ),
  row(
    "P60",
    "First the platforms' images, then the index.",
    same(FLOWS, "pushes two platforms and one index, which skopeo reads back to the byte"),
  ),
  row("P61", "The tag is git's hash of the package's tree.", same(PEER, PEER_TEST)),
  row(
    "P62",
    "The image's name comes from build.yml, its organisation from there or the command line.",
    same(PEER, PEER_TEST),
  ),
  row("P63", "`pkg push PATH` builds and pushes.", same(CLI, "push leaves in the cache what it pushed")),
  row("P64", "Each platform's image is `name:hash-arch`.", same(CLI, "push leaves in the cache what it pushed")),
  row("P65", "The index is `name:hash`.", same(CLI, "push leaves in the cache what it pushed")),
  row("P66", "All of it is pushed.", same(CLI, "push leaves in the cache what it pushed")),
  row("P67", "Images are signed with the maintainer's key.", gone(NOT_SIGNED)),
  row("P68", "The index is signed.", gone(NOT_SIGNED)),
  row(
    "P69",
    "A push from another architecture gives an index with both.",
    same(FLOWS, "a platform that is added later joins the index"),
  ),
  row(
    "P70",
    "`push --manifest=false` pushes only this platform's image.",
    gone(
      "As with LinuxKit now, it leaves out only the tags of single architectures.",
      CLI,
      "without the tags of architectures, and under a release tag",
    ),
  ),
  row(
    "P71",
    "`push --image=false --manifest` makes only the index.",
    better(
      "It works again; `pkg manifest` is its name.",
      CLI,
      "manifest makes one index of what machines pushed by architecture",
    ),
  ),
  row(
    "P72",
    "One command makes images, index and signatures.",
    gone("Images and index, yes.", CLI, "push leaves in the cache what it pushed"),
  ),
  row("P73", "Files of machines use `name:hash`.", same(PEER, PEER_TEST)),
  row("P74", "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE.", gone(NOT_SIGNED)),
  row("P75", "Passphrases are typed by expect.", gone(NOT_SIGNED)),
  row(
    "P76",
    "`pkg.content-trust-passphrase-command` in ~/.moby/linuxkit/config.yml.",
    gone("The file is not read: no key in it has an effect."),
  ),
  row("P77", "How to sign by hand.", gone(NOT_SIGNED)),
  row(
    "P78",
    "Where size and digest can be read.",
    better("Every push prints its digests.", CLI, "push leaves in the cache what it pushed"),
  ),
  row("P79", "`-org=NAME` names another organisation.", better("With one dash, too.", PEER, PEER_TEST)),
  row("P80", "`-disable-content-trust`.", gone(...UNSIGNED)),
  row(
    "P81",
    "A developer's build can be used in files of machines.",
    same(CLI, "build leaves what LinuxKit reads in the cache"),
  ),
  row(
    "P82",
    "A developer's push publishes `hash-arch` and `hash`.",
    same(CLI, "push leaves in the cache what it pushed"),
  ),
  row("P83", "`-hash=foo` stands in for the hash.", same(PEER, PEER_TEST)),
  row(
    "P84",
    "Proxies of the environment are build arguments.",
    better("They really reach the steps.", CLI, "proxies of the environment reach the steps"),
  ),
  row("P85", "all_proxy needs an ARG in the Dockerfile.", same(CLI, "proxies of the environment reach the steps")),
];
