import { describe, expect, test } from "vitest";
import { parsePlatform } from "../../../sdk/core/platform.ts";
import { assignEngine } from "../../../sdk/plan/engine-assignment.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");
const engine = { address: "unix:///engine.sock", platforms: [amd64, arm64], nativePlatforms: [amd64] };

describe("assignEngine", () => {
  test("a native platform needs no emulation, whatever runs", () => {
    expect(assignEngine(engine, amd64, "target-platform", "never")).toEqual({
      address: engine.address,
      buildPlatform: amd64,
      emulation: "none",
    });
  });

  test.each(["none", "build-platform"] as const)("only steps that execute on the platform count: %s", (execution) => {
    expect(assignEngine(engine, arm64, execution, "allow").emulation).toBe("none");
    // The text does not tell what base images bring along, so the engine is asked in any case.
    expect(assignEngine(engine, arm64, execution, "never").emulation).toBe("verify");
  });

  test("emulation is refused unless it is allowed", () => {
    expect(() => assignEngine(engine, arm64, "target-platform", "never")).toThrowError(
      expect.objectContaining({ code: "PLAN_EMULATION_REFUSED", hint: expect.stringContaining('emulation: "allow"') }),
    );
    expect(assignEngine(engine, arm64, "target-platform", "allow").emulation).toBe("used");
  });

  test("what the text does not tell is looked at on the engine, where it matters", () => {
    expect(assignEngine(engine, arm64, "unknown", "never").emulation).toBe("verify");
    expect(assignEngine(engine, arm64, "unknown", "allow").emulation).toBe("used");
  });
});
