import { describe, expect, test } from "vitest";
import { GraphError } from "../../../sdk/core/errors.ts";
import { llb, marshal } from "../../../sdk/llb/index.ts";

const alpine = llb.image("alpine");
const files = llb.local("context");
const HALF = "\ud800";

type Cases = readonly (readonly [string, () => unknown])[];

/** Builders, each given a text that must not be written. */
function textCases(text: string): Cases {
  return [
    ["image", () => llb.image(`alpine${text}`)],
    ["git", () => llb.git(`https://host/a${text}`)],
    ["http", () => llb.http(`https://host/a${text}`)],
    ["local", () => llb.local(`a${text}`)],
    ["local pattern", () => llb.local("a", { include: [`a${text}`] })],
    ["command", () => alpine.run(`a${text}`)],
    ["argument", () => alpine.run(["a", text])],
    ["variable", () => alpine.run("x", { env: { A: text } })],
    ["secret in a variable", () => alpine.run("x", { secretEnv: { A: `a${text}` } })],
    ["name of a variable", () => alpine.env(`A${text}`, "1")],
    ["directory", () => alpine.workdir(`/a${text}`)],
    ["user", () => alpine.user(`a${text}`)],
    ["hostname", () => alpine.hostname(`a${text}`)],
    ["name of a step", () => alpine.run("x", { name: `a${text}` })],
    ["mount", () => llb.bindMount(`/a${text}`, files)],
    ["cache", () => llb.cacheMount("/a", { id: `a${text}` })],
    ["secret", () => llb.secretMount("/a", { id: `a${text}` })],
    ["ssh", () => llb.sshMount({ id: `a${text}` })],
    ["path", () => files.path(`/a${text}`)],
    ["copy", () => alpine.copy(files, `/a${text}`)],
    ["mkdir", () => alpine.mkdir(`/a${text}`)],
    ["mkfile", () => alpine.mkfile(`/a${text}`, "")],
    ["rm", () => alpine.rm(`/a${text}`)],
    ["symlink", () => alpine.symlink(`a${text}`, "/b")],
    ["entrypoint", () => alpine.entrypoint(`a${text}`)],
    ["label", () => alpine.label("a", text)],
  ];
}

const mounted = (dest: string) => alpine.run("x", { mounts: [llb.bindMount(dest, files)] });

describe.each<readonly [string, Cases]>([
  ["NUL", textCases("\0")],
  ["half of a surrogate pair", textCases(HALF)],
  [
    "two mounts on one path",
    [
      ["equal", () => alpine.run("x", { mounts: [llb.bindMount("/a", files), llb.cacheMount("/a")] })],
      ["with a slash", () => alpine.run("x", { mounts: [llb.tmpfsMount("/a/"), llb.cacheMount("/a")] })],
      ["with a dot", () => alpine.run("x", { mounts: [llb.tmpfsMount("/a/./b"), llb.tmpfsMount("/a//b")] })],
      ["secrets", () => alpine.run("x", { mounts: [llb.secretMount("/a"), llb.bindMount("/a", files)] })],
      ["at the root", () => mounted("/")],
      ["at the root with dots", () => mounted("/./")],
    ],
  ],
  [
    "a relative destination",
    [
      ["bind", () => llb.bindMount("a", files)],
      ["cache", () => llb.cacheMount("a")],
      ["tmpfs", () => llb.tmpfsMount("a")],
      ["secret", () => llb.secretMount("a")],
      ["ssh", () => llb.sshMount({ dest: "a" })],
      ["empty", () => llb.bindMount("", files)],
    ],
  ],
  [
    "a path that goes up",
    [
      ["copy", () => alpine.copy(files, "/a/../b")],
      ["copy from", () => files.path("../b")],
      ["mkdir", () => alpine.mkdir("../b")],
      ["mkfile", () => alpine.mkfile("a/../../b", "")],
      ["rm", () => alpine.rm("/..")],
      ["symlink", () => alpine.symlink("/b", "/a/../c")],
      ["mount", () => mounted("/a/../../b")],
      ["secret", () => llb.secretMount("/a/../b")],
    ],
  ],
  [
    "an empty command",
    [
      ["text", () => alpine.run("")],
      ["list", () => alpine.run([])],
      ["first word", () => alpine.run(["", "a"])],
    ],
  ],
  [
    "a wrong platform",
    [
      ["image", () => llb.image("alpine", { platform: "linux/" })],
      ["step", () => alpine.run("x", { platform: "amd64" })],
      ["parts", () => alpine.run("x", { platform: { os: "linux", architecture: "" } })],
      ["too many parts", () => llb.image("alpine", { platform: "linux/arm/v7/x" })],
      ["of the build", () => marshal(alpine, { platform: "linux/arm/../x" })],
    ],
  ],
  [
    "the output of a mount that cannot be written",
    [
      ["read-only", () => alpine.run("x", { mounts: [llb.bindMount("/a", files, { readonly: true })] }).mount("/a")],
      ["thrown away", () => alpine.run("x", { mounts: [llb.bindMount("/a", files, { discard: true })] }).mount("/a")],
      ["cache", () => alpine.run("x", { mounts: [llb.cacheMount("/a")] }).mount("/a")],
      ["secret", () => alpine.run("x", { mounts: [llb.secretMount("/a")] }).mount("/a")],
      ["below", () => mounted("/a").mount("/a/b")],
    ],
  ],
  [
    "a number that is not exact, or does not fit",
    [
      ["tmpfs", () => llb.tmpfsMount("/a", { sizeBytes: 2 ** 53 })],
      ["tmpfs of a fraction", () => llb.tmpfsMount("/a", { sizeBytes: 0.5 })],
      ["tmpfs beyond 64 bits", () => llb.tmpfsMount("/a", { sizeBytes: -(1n << 63n) - 1n })],
      ["ulimit", () => alpine.ulimits({ nofile: Number.NaN })],
      ["mode", () => alpine.mkdir("/a", { mode: -1 })],
      ["uid", () => llb.secretMount("/a", { uid: 2 ** 32 })],
      ["layers", () => llb.image("alpine", { layerLimit: 1.5 })],
      ["exit code", () => alpine.run("x", { validExitCodes: [2 ** 31] })],
      ["time", () => alpine.mkdir("/a", { createdAt: new Date(Number.NaN) })],
    ],
  ],
])("%s is refused at its line", (_, cases) => {
  test.each(cases)("%s", (_name, build) => {
    let thrown: unknown;
    try {
      build();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GraphError);
    expect(thrown).toMatchObject({ code: "LLB_INVALID_OP", location: { file: import.meta.filename } });
  });
});
