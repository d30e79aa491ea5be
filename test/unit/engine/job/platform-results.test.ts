import { isKitsmithError } from "kitsmith";
import { describe, expect, test } from "vitest";
import type { JobResult } from "../../../../sdk/engine/engine.ts";
import { encodeResult } from "../../../../sdk/engine/job/job-result.ts";
import { platformResults } from "../../../../sdk/engine/job/platform-results.ts";

const text = (value: string) => Buffer.from(value);
const single = (id: string, metadata: Readonly<Record<string, Uint8Array>> = {}): JobResult => ({
  reference: { id },
  references: {},
  metadata,
});

describe("results of several platforms", () => {
  test("are one reference each, with what is said of each platform under its name", () => {
    const whole = platformResults({
      "linux/x86_64": single("a", {
        "containerimage.config": text("A"),
        "annotation.k": text("1"),
        "frontend.x": text("x"),
      }),
      "linux/arm64": single("b", {
        "containerimage.config/linux/arm64": text("B"),
        "annotation-manifest-descriptor.k": text("2"),
        "annotation-index.k": text("3"),
        "frontend.x": text("y"),
      }),
    });
    expect(encodeResult(whole).result).toEqual({
      case: "refs",
      value: { refs: { "linux/amd64": { id: "a" }, "linux/arm64": { id: "b" } } },
    });
    const metadata = Object.fromEntries(Object.entries(whole.metadata).map(([key, value]) => [key, String(value)]));
    expect(metadata).toEqual({
      "containerimage.config/linux/amd64": "A",
      "containerimage.config/linux/arm64": "B",
      "annotation-manifest[linux/amd64].k": "1",
      "annotation-manifest-descriptor[linux/arm64].k": "2",
      "annotation-index.k": "3",
      "frontend.x": "x",
      "refs.platforms": JSON.stringify({
        Platforms: [
          { ID: "linux/amd64", Platform: { os: "linux", architecture: "amd64" } },
          { ID: "linux/arm64", Platform: { os: "linux", architecture: "arm64" } },
        ],
      }),
    });
  });

  test("may be empty", () => {
    const whole = platformResults({ "linux/amd64": { references: {}, metadata: {} } });
    expect(encodeResult(whole).result).toEqual({ case: "refs", value: { refs: { "linux/amd64": { id: "" } } } });
  });

  test.each([
    [{}, "INPUT_OPTION_INVALID"],
    [{ linux: single("a") }, "INPUT_PLATFORM_INVALID"],
    [{ "linux/amd64": { references: { a: { id: "a" }, b: { id: "b" } }, metadata: {} } }, "INPUT_OPTION_INVALID"],
  ] satisfies [Readonly<Record<string, JobResult>>, string][])("%j is refused", (results, code) => {
    expect(() => platformResults(results)).toThrow(
      expect.toSatisfy((error) => isKitsmithError(error) && error.code === code),
    );
  });
});
