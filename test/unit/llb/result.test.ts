import { isKitsmithError } from "kitsmith";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../sdk/core/digest.ts";
import { baseImages, llb, marshal, type ResultInit, resultRoots } from "../../../sdk/llb/index.ts";

const predicateType = "https://example.com/report/v1";
const platform = "linux/amd64";

const REFUSED: readonly ResultInit[] = [
  { attestations: [{ predicateType: "", predicate: 1 }] },
  { attestations: [{ predicateType: "https://slsa.dev/provenance/v1", predicate: {} }] },
  { attestations: [{ predicateType, predicate: {}, name: "a/b" }] },
  { attestations: [{ predicateType, predicate: {}, subjects: [{ name: "a", digests: [] }] }] },
  { metadata: { "containerimage.config": "{}" } },
];

describe("a result", () => {
  test("has a value as a file, the same value as the same bytes", () => {
    const [one, two] = [
      { b: 1, a: 2 },
      { a: 2, b: 1 },
    ].map((predicate) => {
      const [attestation] = llb.result(llb.scratch(), { attestations: [{ predicateType, predicate }] }).attestations;
      if (!attestation) throw new Error("no attestation");
      expect(attestation.predicate.path).toBe("/attestation-1.json");
      return marshal(attestation.predicate.state, { platform }).ops;
    });
    expect(one).toEqual(two);
  });

  test("is not changed through what it was made of", () => {
    const annotations = { a: "1" };
    const subjects = [{ name: "a", digests: [digestOf("a")] }];
    const made = llb.result(llb.scratch(), { annotations, attestations: [{ predicateType, predicate: 1, subjects }] });
    annotations.a = "2";
    subjects.pop();
    expect(made.annotations).toEqual({ a: "1" });
    expect(made.attestations[0]?.subjects).toHaveLength(1);
    expect(Object.isFrozen(made)).toBe(true);
  });

  test("needs what its attestations need", () => {
    const report = llb.image("golang:1.26").run("go test > /report.json");
    const made = llb.result(llb.image("alpine:3.22").run("true"), {
      attestations: [{ predicateType, predicate: report.path("/report.json") }],
    });
    const names = baseImages(resultRoots(made), { platform }).map(({ reference }) => reference);
    expect(names.sort()).toEqual(["docker.io/library/alpine:3.22", "docker.io/library/golang:1.26"]);
    expect(resultRoots(llb.result(llb.scratch())).output).toBeUndefined();
  });

  test.each(REFUSED)("%j is refused", (init) => {
    expect(() => llb.result(llb.scratch(), init)).toThrow(
      expect.toSatisfy((error) => isKitsmithError(error) && error.code === "LLB_INVALID_OP"),
    );
  });
});
