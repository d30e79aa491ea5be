import { expect, test } from "vitest";
import { GraphError } from "../../../sdk/core/errors.ts";
import { decodeOp } from "../../../sdk/llb/decoding/op-decoder.ts";
import { llb, marshal, type State, withoutCallSites } from "../../../sdk/llb/index.ts";

const AMD64 = { platform: "linux/amd64" };
const alpine = llb.image("alpine");

function bytesOf(state: State): string {
  return marshal(state, AMD64)
    .ops.map((op) => Buffer.from(op).toString("hex"))
    .join("\n");
}

function codeOf(build: () => unknown): string | undefined {
  try {
    build();
  } catch (error) {
    if (error instanceof GraphError) return error.code;
    throw error;
  }
  return undefined;
}

test("methods give new states and leave their receiver as it was", () => {
  const before = bytesOf(alpine);
  const settings = JSON.stringify(alpine.settings.env);
  const other = alpine.env("A", "1").workdir("/x").user("me").entrypoint("/a").mkdir("y").run("true");
  expect(other).not.toBe(alpine);
  expect(bytesOf(alpine)).toBe(before);
  expect(JSON.stringify(alpine.settings.env)).toBe(settings);
  expect(Object.isFrozen(alpine)).toBe(true);
  expect(Object.isFrozen(other)).toBe(true);
  expect(Object.isFrozen(other.settings)).toBe(true);
});

test("what a caller passes is copied", () => {
  const content = new Uint8Array([1, 2, 3]);
  const args = ["/bin/true"];
  const state = llb.scratch().mkfile("/f", content).run(args);
  const before = bytesOf(state);
  content.fill(9);
  args.push("more");
  expect(bytesOf(state)).toBe(before);
});

test("scratch is an empty definition", () => {
  expect(marshal(llb.scratch(), AMD64).ops).toEqual([]);
});

test("a text runs in a shell, a list runs as it is", () => {
  expect(bytesOf(alpine.run("echo hi"))).toBe(bytesOf(alpine.run(["/bin/sh", "-c", "echo hi"])));
  expect(bytesOf(alpine.run("echo hi", { shell: ["/bin/bash", "-ec"] }))).toBe(
    bytesOf(alpine.run(["/bin/bash", "-ec", "echo hi"])),
  );
});

test("variables stand in the order of their latest assignment", () => {
  const twice = alpine.env("A", "1").env("B", "2").env("A", "3").run("x");
  expect(bytesOf(twice)).toBe(bytesOf(alpine.env({ B: "2", A: "3" }).run("x")));
  expect(bytesOf(twice)).not.toBe(bytesOf(alpine.env({ A: "3", B: "2" }).run("x")));
});

test("options of one run do not stay with the state", () => {
  const after = alpine.run("one", { env: { A: "1" }, cwd: "/x", user: "u", network: "none" });
  expect(after.settings).toBe(alpine.settings);
});

test("relative directories and paths start at the working directory", () => {
  expect(bytesOf(alpine.workdir("/a").workdir("b/../c").run("x"))).toBe(bytesOf(alpine.workdir("/a/c").run("x")));
  expect(bytesOf(alpine.workdir("/a").mkdir("b"))).toBe(bytesOf(alpine.mkdir("/a/b")));
  const source = llb.local("s").workdir("/src");
  expect(bytesOf(alpine.copy(source.path("f"), "/d/"))).toBe(
    bytesOf(alpine.copy(llb.local("s").path("/src/f"), "/d/")),
  );
});

test("equal vertices stand once, the last op points at the result", () => {
  const left = alpine.run("same");
  const right = alpine.run("same");
  const joined = llb.scratch().copy(left.path("/a"), "/a").copy(right.path("/b"), "/b");
  expect(marshal(joined, AMD64).ops).toHaveLength(5);
});

test("mounts have results of their own", () => {
  const run = alpine.run("make", { mounts: [llb.bindMount("/out", llb.scratch()), llb.tmpfsMount("/tmp")] });
  const out = run.mount("/out");
  expect(out.output).toMatchObject({ index: 1 });
  expect(run.output).toMatchObject({ index: 0 });
  expect(codeOf(() => run.mount("/tmp"))).toBe("LLB_INVALID_OP");
  expect(codeOf(() => run.mount("/nowhere"))).toBe("LLB_INVALID_OP");
});

test("caches of two platforms are two, unless they are named", () => {
  const make = (platform: string, id?: string) =>
    bytesOf(alpine.run("x", { platform, mounts: [llb.cacheMount("/c", id === undefined ? {} : { id })] }));
  const hex = (text: string) => Buffer.from(text).toString("hex");
  expect(make("linux/amd64")).toContain(hex("/c@linux/amd64"));
  expect(make("linux/arm64")).toContain(hex("/c@linux/arm64"));
  expect(make("linux/arm64", "shared-by-all")).toContain(hex("shared-by-all"));
  expect(make("linux/arm64", "shared-by-all")).not.toContain(hex("/c@"));
});

test("a platform is normalized, and keeps what only Windows has", () => {
  expect(bytesOf(llb.image("a", { platform: { os: "Linux", architecture: "aarch64", variant: "v8" } }))).toBe(
    bytesOf(llb.image("a", { platform: "linux/arm64" })),
  );
  const windows = { os: "windows", architecture: "amd64", osVersion: "10.0.1", osFeatures: ["win32k"] };
  const [image] = marshal(llb.image("a", { platform: windows }), AMD64).ops;
  expect(decodeOp(image ?? new Uint8Array()).platform).toEqual(windows);
});

test("an order that files do not show is kept by the graph", () => {
  const first = alpine.run("first");
  const then = llb.after("id", alpine, [first]);
  expect(bytesOf(then.run("second"))).toContain(Buffer.from("first").toString("hex"));
  expect(llb.after("id", alpine, [])).toBe(alpine);
});

test("merging what is nothing is nothing", () => {
  expect(llb.merge([]).output).toBeUndefined();
  expect(llb.merge([llb.scratch(), alpine])).toBe(alpine);
  expect(llb.diff(llb.scratch(), alpine)).toBe(alpine);
});

test("steps are functions that recipes can share", () => {
  const withTools = (state: State): State => state.run("apk add make");
  expect(bytesOf(alpine.with(withTools))).toBe(bytesOf(withTools(alpine)));
});

test("a read-only root leaves the state's output, and shifts those of mounts", () => {
  const run = alpine.run("make", { readonlyRoot: true, mounts: [llb.bindMount("/out", llb.scratch())] });
  expect(run.output).toBe(alpine.output);
  expect(run.mount("/out/").output).toMatchObject({ index: 0 });
});

test("100,000 vertices deep marshal without overflowing the stack", () => {
  const deep = withoutCallSites(() => {
    let state: State = alpine;
    for (let index = 0; index < 100_000; index++) state = state.run(["/bin/echo", String(index)]);
    return state;
  });
  expect(marshal(deep, AMD64).ops).toHaveLength(100_002);
});

test.each<readonly [string, () => unknown]>([
  ["empty command", () => alpine.run("")],
  ["empty list", () => alpine.run([])],
  ["relative mount", () => alpine.run("x", { mounts: [llb.cacheMount("cache")] })],
  ["mount over the root", () => alpine.run("x", { mounts: [llb.bindMount("/", alpine)] })],
  ["two mounts on one path", () => alpine.run("x", { mounts: [llb.tmpfsMount("/a"), llb.tmpfsMount("/a/")] })],
  ["dots in a path", () => alpine.mkdir("/a/../b")],
  ["dots in a source", () => alpine.path("../b")],
  ["dots in a mount", () => alpine.run("x", { mounts: [llb.tmpfsMount("/a/..")] })],
  ["NUL", () => alpine.run(["a\0b"])],
  ["half a surrogate pair", () => alpine.env("A", "\ud800")],
  ["empty variable name", () => alpine.env("", "1")],
  ["equals in a variable name", () => alpine.env("A=B", "1")],
  ["platform", () => llb.image("alpine", { platform: "linux" })],
  ["reference", () => llb.image("Alpine:UPPER")],
  ["inexact number", () => llb.tmpfsMount("/t", { sizeBytes: 2 ** 60 })],
  ["number beyond 64 bits", () => llb.tmpfsMount("/t", { sizeBytes: 1n << 63n })],
  ["mode", () => alpine.mkdir("/a", { mode: 0o4755 })],
  ["port", () => alpine.expose(70_000)],
  ["address", () => alpine.extraHosts({ host: "not-an-ip" })],
  ["owner by name in scratch", () => marshal(llb.scratch().mkdir("/a", { owner: "me" }), AMD64)],
])("refuses: %s", (_name, build) => {
  expect(codeOf(build)).toBe("LLB_INVALID_OP");
});
