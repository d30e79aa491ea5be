import { isKitsmithError } from "kitsmith";
import { describe, expect, test } from "vitest";
import { annotationsAt, parseAnnotationKey } from "../../../../sdk/oci/model/annotation-key.ts";

const KEYS: readonly (readonly [string, string, readonly (readonly [string, string?])[]])[] = [
  ["com.example.a", "com.example.a", [["manifest"]]],
  ["com.example:a", "com.example:a", [["manifest"]]],
  ["", "", [["manifest"]]],
  ["index:a", "a", [["index"]]],
  ["index,manifest-descriptor:a:b", "a:b", [["index"], ["manifest-descriptor"]]],
  ["manifest[linux/arm/v7],index-descriptor:a", "a", [["manifest", "linux/arm/v7"], ["index-descriptor"]]],
];

describe("keys of annotations", () => {
  test.each(KEYS)("%s", (text, key, places) => {
    expect(parseAnnotationKey(text)).toEqual({
      key,
      places: places.map(([level, platform]) => ({ level, ...(platform ? { platform } : {}) })),
    });
  });

  test.each(["idnex:a", "index[linux/amd64]:a", "manifest,other:a"])("%s is refused", (text) => {
    expect(() => parseAnnotationKey(text)).toThrow(
      expect.toSatisfy((error) => isKitsmithError(error) && error.code === "INPUT_OPTION_INVALID"),
    );
  });

  test("those of a level and a platform", () => {
    const all = { a: "1", "index,manifest:b": "2", "manifest[linux/arm64]:c": "3" };
    expect(annotationsAt(all, "manifest", "linux/arm64")).toEqual({ a: "1", b: "2", c: "3" });
    expect(annotationsAt(all, "manifest", "linux/amd64")).toEqual({ a: "1", b: "2" });
    expect(annotationsAt(all, "index", "linux/amd64")).toEqual({ b: "2" });
  });
});
