import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { GraphError } from "../../../sdk/core/errors.ts";
import { checkCapabilities } from "../../../sdk/llb/capability-check.ts";
import { type Definition, llb, marshal, type State } from "../../../sdk/llb/index.ts";

const SOURCE_ROOT = join(import.meta.dirname, "..");
const ALL = allCapabilities();

function definitionOf(state: State): Definition {
  return marshal(state, { platform: "linux/amd64", sourceRoot: SOURCE_ROOT });
}

function merged(): State {
  return llb.merge([llb.scratch().mkfile("/a", "a"), llb.scratch().mkfile("/b", "b")]);
}

function refusal(state: State, ...without: readonly string[]): GraphError {
  const capabilities = new Set([...ALL].filter((id) => !without.includes(id)));
  try {
    checkCapabilities(definitionOf(state), { name: "dockerd at x", capabilities }, { sourceRoot: SOURCE_ROOT });
  } catch (error) {
    if (error instanceof GraphError) return error;
  }
  throw new Error("it was not refused");
}

/** What the definitions here need, and nothing else. */
function allCapabilities(): ReadonlySet<string> {
  const definition = definitionOf(merged().run("a", { name: "b", ignoreCache: true }));
  return new Set([...definition.metadata.values()].flatMap(({ caps = [] }) => caps));
}

describe("capabilities", () => {
  test("an engine that has all of them takes the definition", () => {
    expect(() => checkCapabilities(definitionOf(merged()), { name: "x", capabilities: ALL })).not.toThrow();
    expect(ALL.size).toBeGreaterThan(6);
  });

  test("a missing one is told with the op, the line that made it and the engine", () => {
    const error = refusal(merged().run("x"), "mergeop");
    expect(error).toMatchObject({
      code: "LLB_CAP_MISSING",
      location: { file: import.meta.filename, line: lineOf("return llb.merge") },
      details: { op: "merge", missing: ["mergeop"], engine: "dockerd at x" },
    });
    expect(error.message).toContain("dockerd at x");
    expect(error.hint).toBeTruthy();
  });

  test("of several, all that the first op misses", () => {
    const state = llb.image("a").run("secret", { mounts: [llb.secretMount("/s"), llb.cacheMount("/c")] });
    const error = refusal(state, "exec.mount.secret", "exec.mount.cache", "exec.meta.base");
    expect(error.details).toMatchObject({ op: "source", missing: ["source.image"] });
    const capabilities = new Set([...ALL, "source.image"]);
    const check = (): void => checkCapabilities(definitionOf(state), { name: "x", capabilities });
    expect(check).toThrow(expect.objectContaining({ details: expect.objectContaining({ op: "exec" }) }));
  });

  test("what only the metadata needs belongs to the result", () => {
    expect(refusal(merged().run("a", { ignoreCache: true }), "meta.ignorecache").details).toMatchObject({
      op: "result",
      missing: ["meta.ignorecache"],
    });
  });

  test("names that no daemon registers are not asked for", () => {
    const state = llb.scratch().copy(merged().path("/a"), "/b", { mode: "u+x" });
    expect(() => checkCapabilities(definitionOf(state), { name: "x", capabilities: ALL })).not.toThrow();
    const definition = definitionOf(merged());
    const caps = ["file.copy.modestring", "exec.meta.removemountstubs.recursive"];
    const metadata = new Map([...definition.metadata.keys()].map((digest) => [digest, { caps }]));
    expect(() => checkCapabilities({ ...definition, metadata }, { name: "x", capabilities: ALL })).not.toThrow();
  });

  test("an engine that does not tell is not held to it", () => {
    expect(() => checkCapabilities(definitionOf(merged()), { name: "x", capabilities: new Set() })).not.toThrow();
  });
});

function lineOf(text: string): number {
  return (
    readFileSync(import.meta.filename, "utf8")
      .split("\n")
      .findIndex((line) => line.includes(text)) + 1
  );
}
