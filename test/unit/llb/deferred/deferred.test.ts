import { describe, expect, test } from "vitest";
import {
  baseImages,
  deferredStates,
  fromDefinition,
  imageConfig,
  LlbDefinition,
  llb,
  marshal,
  resolvedState,
  type State,
} from "../../../../sdk/llb/index.ts";

const platform = "linux/amd64";
const target = { os: "linux", architecture: "amd64" };
const spec = Object.freeze({ origin: "base" });
const base = { spec };

function ops(state: State, options: Partial<Parameters<typeof marshal>[1]> = {}): readonly string[] {
  return marshal(state, { platform, ...options }).ops.map((op) => Buffer.from(op).toString("hex"));
}

describe("a package", () => {
  const used = () => llb.from(base).run(["/bin/true"]).workdir("sub").mkdir("made");

  test("gives way to a state, byte for byte, and its config is inherited", () => {
    const state = used();
    const [vertex] = deferredStates(state).packages;
    expect(vertex?.made.package).toBe(spec);
    if (vertex === undefined) throw new Error("one package");
    const config = { config: { Env: ["A=1"], WorkingDir: "/work", User: "me", Entrypoint: ["/init"] } };
    const image = llb.image("example.org/base:1");
    const states = new Map([[vertex, resolvedState(image, config)]]);
    const images = new Map([[`example.org/base:1|${platform}`, { config }]]);
    const plain = image.run(["/bin/true"]).workdir("sub").mkdir("made");
    expect(ops(state, { states })).toEqual(ops(plain, { images }));
    expect(imageConfig(state, { platform: target, states })).toEqual(imageConfig(plain, { platform: target, images }));
  });

  test("has no bytes while nothing is known of it, and says where it is used", () => {
    expect(() => ops(used())).toThrowError(
      expect.objectContaining({
        code: "LLB_UNRESOLVED",
        location: expect.objectContaining({ file: import.meta.filename }),
      }),
    );
  });

  test("is built for its own platform where one is named", () => {
    const [vertex] = deferredStates(llb.from(base, { platform: "linux/arm64" })).packages;
    expect(vertex?.constraints.platform).toEqual({ os: "linux", architecture: "arm64" });
  });

  test("what is no package is refused", () => {
    const wrong: { readonly spec: object } = JSON.parse('{"spec":null}');
    expect(() => llb.from(wrong)).toThrowError(expect.objectContaining({ code: "LLB_INVALID_OP" }));
  });

  test("scratch in its place is an empty directory for those that copy from it", () => {
    const state = llb.scratch().copy(llb.from(base), "/all");
    const [vertex] = deferredStates(state).packages;
    if (vertex === undefined) throw new Error("one package");
    expect(ops(state, { states: new Map([[vertex, resolvedState(llb.scratch())]]) })).toHaveLength(3);
  });
});

describe("a frontend", () => {
  const made = () =>
    llb.dockerfile("tools", {
      target: "static",
      buildArgs: { B: "2", A: "1" },
      contexts: { "docker.io/library/base:latest": llb.image("alpine:3.22").run(["prepare"]), src: llb.scratch() },
    });

  test("shows what it is given while nothing is known of it", () => {
    const definition = new LlbDefinition(marshal(llb.scratch().copy(made().path("/out"), "/"), { platform }));
    const text = JSON.stringify(definition.toJSON());
    expect(text).toContain("frontend://dockerfile.v0");
    expect(definition.toDot()).toContain("frontend://dockerfile.v0");
    expect(text).toContain('"context:base":"input:named-base"');
    expect(text).toContain('"input:named-src":"scratch"');
  });

  test("the same frontend has the same bytes, in whatever order its parts are named", () => {
    const one = llb.frontend("acme/site", {
      options: { a: "1", b: "2" },
      inputs: { x: llb.image("a"), y: llb.image("b") },
    });
    const two = llb.frontend("acme/site", {
      options: { b: "2", a: "1" },
      inputs: { y: llb.image("b"), x: llb.image("a") },
    });
    expect(ops(one)).toEqual(ops(two));
    expect(ops(one)).not.toEqual(ops(llb.frontend("acme/site", { options: { a: "1", b: "3" } })));
    expect(ops(made())).toEqual(ops(made()));
  });

  test("what it is made from comes first, and base images of its inputs are known", () => {
    const inner = llb.dockerfile(llb.from(base));
    const outer = llb.frontend("acme/site", { inputs: { pages: inner, image: llb.image("alpine:3.22") } });
    const { packages, frontends } = deferredStates(llb.merge([outer, inner]));
    expect(packages).toHaveLength(1);
    expect(frontends.map((vertex) => vertex.made.frontend)).toEqual(["dockerfile.v0", "docker.io/acme/site:latest"]);
    expect(baseImages(outer, { platform }).map(({ reference }) => reference)).toEqual([
      "docker.io/library/alpine:3.22",
    ]);
  });

  test("its ops take its place with their lines", () => {
    const state = llb.scratch().copy(llb.dockerfile("tools").path("/out"), "/");
    const [vertex] = deferredStates(state).frontends;
    if (vertex === undefined) throw new Error("one frontend");
    const answer = marshal(llb.image("alpine:3.22").run(["make"]), { platform });
    const states = new Map([[vertex, resolvedState(fromDefinition(answer))]]);
    const definition = marshal(state, { platform, states });
    const made = answer.ops.slice(0, -1).map((op) => Buffer.from(op).toString("hex"));
    expect(ops(state, { states })).toEqual(expect.arrayContaining(made));
    expect(definition.source?.locations.size).toBe(3);
  });

  test("wrong inputs and names are refused", () => {
    const noState: State = JSON.parse("{}");
    const wrong = [
      () => llb.frontend("acme/site", { inputs: { x: noState } }),
      () => llb.frontend(""),
      () => llb.dockerfile(""),
      () => llb.dockerfile(".", { contexts: { "Not A Name": llb.scratch() } }),
      () => llb.dockerfile(".", { filename: "" }),
      () => llb.frontend("acme/site", { options: { x: "\0" } }),
    ];
    for (const call of wrong) expect(call).toThrowError(expect.objectContaining({ code: "LLB_INVALID_OP" }));
  });
});
