/**
 * What each stand-in is made of, on a machine of one architecture (amd64 or arm64). Every one also has busybox.
 * The sources are tried in turn until one has its packages; what those depend on comes with them.
 */
export function standIns(architecture) {
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return [
    {
      repository: "library/alpine",
      tag: "3.22",
      architectures: ["amd64", "arm64"],
      sources: [{ suite: "own", packages: [] }],
      without: [],
      environment: { PATH: path },
      links: [],
    },
    {
      repository: "library/debian",
      tag: "bookworm-slim",
      architectures: [architecture],
      sources: [{ suite: "own", packages: COMPILERS[architecture] }],
      without: [
        ...["*/lto1", "*-lto-dump*", "*-dwp", "*gold", "*-gprof*"],
        ...["*/libasan*", "*/libhwasan*", "*/liblsan*", "*/libtsan*", "*/libubsan*"],
        "./usr/lib/*/gconv",
      ],
      environment: { PATH: path },
      links: [],
    },
    {
      repository: "library/golang",
      tag: "1.26-alpine",
      architectures: [architecture],
      // Another Go than the one asked for does for the samples.
      sources: [
        { suite: "own", packages: ["golang-1.26-go"] },
        { suite: "testing", packages: ["golang-1.26-go"] },
        { suite: "testing", packages: ["golang-go"] },
        { suite: "own", packages: ["golang-go"] },
      ],
      without: [
        ...["test", "api", "misc", "doc", "src/cmd"].map((part) => `./usr/share/go-*/${part}`),
        ...["*/src/runtime/race", "*/testdata", "*_test.go"],
      ],
      environment: { PATH: `/go/bin:/usr/local/go/bin:${path}`, GOPATH: "/go", GOTOOLCHAIN: "local" },
      links: [{ path: "usr/local/go", directory: "usr/lib", name: /^go-[0-9.]+$/ }],
    },
  ];
}

const COMPILERS = {
  amd64: ["gcc", "libc6-dev", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
  arm64: ["gcc", "libc6-dev", "gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross"],
};

/** Dependencies on paper that no static program is linked with: sanitizers, Kerberos and the like. */
export const UNNEEDED_PACKAGES =
  /^(lib(asan|hwasan|lsan|tsan|ubsan|cc1|itm|gomp|quadmath|gprofng|gssapi|k5crypto|krb5|keyutils|com-err|ssl|nsl|tirpc|crypt)|rpcsvc-proto|libc-dev-bin|debconf|perl)/;
