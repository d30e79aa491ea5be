/** A call of the command line in a state of the repository; `{root}` stands for its directory. */
export interface PeerCase {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What is done to the clean repository first. */
  readonly state?: keyof typeof STATES;
  /** Why kitsmith answers otherwise, and what it answers; nothing: both answer the same. */
  readonly differs?: { readonly why: string; readonly status: number };
}

/** The repository, as first and second commit. */
export const FIRST_COMMIT: Readonly<Record<string, string>> = {
  ".gitignore": "*.o\n",
  "common/file": "common\n",
  "lib/file": "lib\n",
  "pkg/p/build.yml": "image: p\narches: [amd64, arm64]\nconfig:\n  binds: [/a:/a]\n  capabilities: [CAP_NET_ADMIN]\n",
  "pkg/p/Dockerfile": "FROM scratch\nCOPY . /\n",
  "pkg/p/file": "one\n",
  "pkg/q/build.yml": "org: team\nimage: q-tools\narches: [amd64]\nextra-sources:\n- ../../common:common\n",
  "pkg/q/Dockerfile": "FROM scratch\nCOPY . /\n",
  "pkg/two/build.yml":
    "image: two\narches: [amd64]\ntag: v1-{{slice .Hash 0 7}}\nextra-sources:\n- ../../common:common\n- ../../lib:/lib\n",
  "pkg/two/Dockerfile": "FROM scratch\nCOPY . /\n",
};
export const SECOND_COMMIT: Readonly<Record<string, string>> = {
  "pkg/p/file": "two\n",
  "pkg/p/other.yml": "image: other\norg: reg.example:5000/team\narches: [amd64]\nnetwork: yes\ngitrepo: ''\n",
  "pkg/args/build.yml":
    "image: args\narches: [amd64]\nbuildArgs:\n- A=1\n- REVISION=mine\n- P=@lkt:pkg:../p\n- PKG_%=@lkt:pkgs:../[pq]\n",
  "pkg/args/Dockerfile": "FROM scratch\nCOPY . /\n",
  "pkg/args/values": "A = 2\nB=x=y\nQ=@lkt:pkg:../q\n",
  "pkg/none/build.yml": "image: none\narches: []\n",
  "pkg/none/Dockerfile": "FROM scratch\n",
  "pkg/bad-tag/build.yml": "image: bad-tag\ntag: '{{ .Hash'\n",
  "pkg/unknown/build.yml": "image: unknown\ndisable-content-trust: true\n",
  "pkg/twice/build.yml": "image: twice\nimage: twice\n",
  "pkg/tabs/build.yml": "image: tabs\n\torg: x\n",
  "pkg/anchors/build.yml": "image: &name anchors\norg: *name\n",
  "pkg/no-image/build.yml": "org: x\n",
  "pkg/depends/build.yml": "image: depends\ndepends:\n  docker-images:\n    list: [alpine]\n",
  "build.yml": "image: root\n",
  Dockerfile: "FROM scratch\n",
};

/** States as changes of files; undefined removes one. */
export const STATES = {
  changed: { "pkg/p/file": "changed\n" },
  untracked: { "pkg/p/0first": "new\n" },
  deleted: { "pkg/p/file": undefined },
  ignored: { "pkg/p/x.o": "object\n" },
  "extra source changed": { "common/file": "changed\n" },
  "untracked, not ASCII": { "pkg/p/näme": "content\n" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string | undefined>>>>;

const P = "{root}/pkg/p";
const show = (...args: string[]): PeerCase => ({ args: ["pkg", "show-tag", ...args] });
const dry = (...args: string[]): PeerCase => ({ args: ["pkg", "build", "--dry-run", "--force", ...args] });

const TAGS: readonly PeerCase[] = [
  show(P),
  show(`${P}/`, "{root}/pkg/q", "{root}/pkg/two", "{root}"),
  show("--canonical", P, "{root}/pkg/q"),
  show("--canonical", "--build-yml", "other.yml", P),
  show("--org", "acme", P),
  show("--org=reg.example/a/b", "--canonical", P),
  { ...show(P), env: { LINUXKIT_PKG_ORG: "env" } },
  { ...show("--org=flag", P), env: { LINUXKIT_PKG_ORG: "env" } },
  { ...show("--dev", P), env: { USER: "builder" } },
  { ...show("--dev", "--hash=mine", "--org=o", P), env: { USER: "builder" } },
  show("--hash", "foo", P),
  show("--hash=foo", "{root}/pkg/two"),
  show("--hash-commit", "HEAD~1", P),
  show("--hash-commit=HEAD~1", "{root}/pkg/q"),
  show("--hash-path", "{root}", P),
  show("--hash-path", "{root}/pkg", P, "{root}/pkg/q"),
  show("--force-dirty", P, "{root}/pkg/q"),
  show("--tag", "v1-{{.Hash}}", P),
  show("--tag", "constant", P),
  show('--tag={{ .Hash | printf "%.7s" }}', P),
  show("--tag={{.Foo}}", P),
  show("--tag", "", "{root}/pkg/two"),
  show("--disable-cache", "--network", P),
  show("-q", P),
  show("--verbose=2", P),
  show("{root}/pkg/anchors"),
  ...(["changed", "untracked", "deleted", "ignored", "untracked, not ASCII"] as const).map(
    (state): PeerCase => ({ ...show(P, "{root}"), state }),
  ),
  { ...show("{root}/pkg/q"), state: "extra source changed" },
  { ...show("--hash-commit=HEAD~1", P), state: "changed" },
  { ...show("--hash=fixed", P), state: "changed" },
  { ...show("--tag=release", P), state: "changed" },
];

const BUILDS: readonly PeerCase[] = [
  dry(P),
  dry("--platforms=linux/arm64", P),
  dry("--platforms=linux/s390x,linux/riscv64", P),
  dry("--skip-platforms=linux/arm64", P),
  dry("--network", "--org=acme", "--tag=t", P),
  dry("--build-yml=other.yml", P),
  dry("--dockerfile=Dockerfile", "{root}/pkg/q"),
  dry("{root}/pkg/args"),
  dry("--build-arg-file", "{root}/pkg/args/values", "{root}/pkg/args"),
  dry("{root}/pkg/none"),
  dry("{root}/pkg/q", "{root}/pkg/two"),
  dry("--hash=fixed", P),
  { ...dry(P), state: "changed" },
];

const REFUSED: readonly PeerCase[] = [
  show(),
  show("{root}/nowhere"),
  show("{root}/common"),
  show(P, "{root}/nowhere"),
  show("{root}/pkg/bad-tag"),
  show("{root}/pkg/unknown"),
  show("{root}/pkg/twice"),
  show("{root}/pkg/tabs"),
  show("{root}/pkg/no-image"),
  show("{root}/pkg/depends"),
  show("--hash-path", "{root}/common", P),
  show("--hash-commit", "nothing", P),
  show("--disable-cache", "--enable-cache", P),
  show("--network", "--nonetwork", P),
  show("--no-such-flag", P),
  show("--verbose=7", P),
  show("-q", "--verbose=1", P),
  show("--mirror=ftp://mirror.example", P),
  show("--cert-file=/nowhere.pem", P),
  dry("--nobuild", P),
  dry("--pull", P),
  dry("--platforms=linux/arm64", "--skip-platforms=linux/amd64", P),
  dry("--skip-platforms=windows/amd64", P),
  dry("--platforms=arm64", P),
  dry("--builders=arm64=box", P),
  dry("--builders=linux/arm64", P),
  dry("--hash-commit=HEAD~1", P),
  dry("--dockerfile=../Dockerfile", P),
  dry("--dockerfile=nowhere", P),
  dry("--build-arg-file=/nowhere", P),
  dry("--registry-creds=nothing", P),
  { args: ["pkg", "manifest"] },
  { args: ["pkg", "remote-tag", "one"] },
  { args: ["pkg", "builder", "nothing"] },
  { args: ["nothing"] },
  {
    ...show("-org=acme", P),
    differs: { why: "older documents write long flags with one dash", status: 0 },
  },
  {
    ...show("--disable-content-trust", P),
    differs: { why: "older Makefiles give it; one line says that it has no effect", status: 0 },
  },
];

export const PEER_CASES: readonly PeerCase[] = [...TAGS, ...BUILDS, ...REFUSED];
