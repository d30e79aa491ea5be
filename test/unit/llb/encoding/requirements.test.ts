import { expect, test } from "vitest";
import { GraphError } from "../../../../sdk/core/errors.ts";
import {
  checkRequirements,
  decodeDefinition,
  encodeDefinition,
  execPlatforms,
  fromDefinition,
  llb,
  marshal,
  withSourceTexts,
} from "../../../../sdk/llb/index.ts";

const OPTIONS = { platform: "linux/amd64", sourceRoot: import.meta.dirname };
const engine = "unix:///engine.sock";
const base = llb.image("alpine").run("true");

function errorOf(run: () => unknown): GraphError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof GraphError) return error;
    throw error;
  }
  return undefined;
}

test("a missing capability names the op, its line and the engine", () => {
  const definition = marshal(llb.merge([base, llb.scratch().mkdir("/a")]), OPTIONS);
  const all = new Set([...definition.metadata.values()].flatMap(({ caps = [] }) => caps));
  expect(errorOf(() => checkRequirements(definition, { engine, capabilities: all }))).toBeUndefined();
  all.delete("mergeop");
  const error = errorOf(() =>
    checkRequirements(definition, { engine, capabilities: all, sourceRoot: import.meta.dirname }),
  );
  expect(error?.code).toBe("LLB_CAP_MISSING");
  expect(error?.details).toMatchObject({ missing: ["mergeop"], engine, op: "merge" });
  expect(error?.location).toMatchObject({ file: import.meta.filename, line: expect.any(Number) });
});

test("file names are made whole where it is known what they are relative to", () => {
  const definition = marshal(base, OPTIONS);
  const limits = { engine, capabilities: new Set(["source.image"]), sourceRoot: import.meta.dirname };
  expect(errorOf(() => checkRequirements(definition, limits))).toMatchObject({
    location: { file: import.meta.filename },
    details: { missing: ["exec.meta.base", "exec.mount.bind"] },
  });
});

test("names that no daemon registers are not asked for", () => {
  const definition = marshal(base, OPTIONS);
  const caps = ["file.copy.modestring", "exec.meta.removemountstubs.recursive", "exec.meta.base"];
  const metadata = new Map([...definition.metadata.keys()].map((digest) => [digest, { caps }]));
  const limits = { engine, capabilities: new Set(["exec.meta.base"]) };
  expect(errorOf(() => checkRequirements({ ...definition, metadata }, limits))).toBeUndefined();
  expect(errorOf(() => checkRequirements(definition, limits))?.details.missing).toContain("source.image");
});

test("an engine whose capabilities are not known is not asked for any", () => {
  expect(errorOf(() => checkRequirements(marshal(base, OPTIONS), { engine, capabilities: new Set() }))).toBeUndefined();
});

test("a definition that is larger than a message is refused with its size", () => {
  const definition = marshal(llb.scratch().mkfile("/f", new Uint8Array(16 * 1024 * 1024)), OPTIONS);
  const error = errorOf(() => checkRequirements(definition, { engine, capabilities: new Set() }));
  expect(error?.code).toBe("LLB_TOO_LARGE");
  expect(error?.details.sizeBytes).toBeGreaterThan(16 * 1024 * 1024);
});

test("texts of source files are added where they are small", () => {
  const definition = marshal(base, OPTIONS);
  const [file] = definition.source?.files ?? [];
  const text = new TextEncoder().encode("the text");
  const name = file?.filename ?? "";
  expect(withSourceTexts(definition, new Map([[name, text]])).source?.files[0]?.data).toEqual(text);
  const large = new Uint8Array(100_000);
  expect(withSourceTexts(definition, new Map([[name, large]])).source?.files[0]?.data).toBeUndefined();
  expect(definition.source?.files[0]?.data).toBeUndefined();
});

test("a definition as state keeps its bytes, metadata and lines, and can be built upon", () => {
  const given = withSourceTexts(
    marshal(base.run("a", { name: "step", ignoreCache: true, platform: "linux/arm64" }), OPTIONS),
    new Map([["requirements.test.ts", new TextEncoder().encode("text")]]),
  );
  const state = fromDefinition(decodeDefinition(encodeDefinition(given)));
  expect(marshal(state, { platform: "linux/s390x" })).toEqual(given);
  const more = marshal(state.run("b"), { platform: "linux/s390x" });
  expect(more.ops.slice(0, given.ops.length - 1)).toEqual(given.ops.slice(0, -1));
  expect(execPlatforms(more).map(({ architecture }) => architecture)).toEqual(["amd64", "arm64"]);
  expect(more.source?.files).toHaveLength(2);
});

test("an empty definition is scratch, one that points nowhere is refused", () => {
  expect(fromDefinition(marshal(llb.scratch(), OPTIONS)).output).toBeUndefined();
  const { ops } = marshal(base, OPTIONS);
  expect(errorOf(() => fromDefinition({ ops: ops.slice(1), metadata: new Map() }))?.code).toBe("LLB_DECODE_FAILED");
});
