import { expect, test } from "vitest";
import { parsePlatform } from "../../../../sdk/core/platform.ts";
import { findBuilderContext, platformContextName } from "../../../../sdk/engine/discovery/builders.ts";

const BUILDERS = "linux/arm64=farm, linux/amd64 = here ,linux/arm/v7=old=box,";

test.each([
  ["linux/arm64", "farm"],
  ["linux/arm64/v8", "farm"],
  ["linux/amd64", "here"],
  ["linux/arm/v7", "old=box"],
  ["linux/riscv64", undefined],
])("%s is built by %s", (platform, expected) => {
  expect(findBuilderContext(BUILDERS, parsePlatform(platform))).toBe(expected);
});

test.each(["farm", "linux/arm64=", "=farm"])("%j names no builder", (text) => {
  expect(() => findBuilderContext(text, parsePlatform("linux/arm64"))).toThrowError(
    expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
  );
});

test("a platform that is none is an error", () => {
  expect(() => findBuilderContext("arm64=farm", parsePlatform("linux/arm64"))).toThrowError(
    expect.objectContaining({ code: "INPUT_PLATFORM_INVALID" }),
  );
});

test.each([
  ["linux/arm64", "linuxkit-linux-arm64"],
  ["linux/arm/v6", "linuxkit-linux-arm-v6"],
])("LinuxKit's context for %s is %s", (platform, expected) => {
  expect(platformContextName(parsePlatform(platform))).toBe(expected);
});
