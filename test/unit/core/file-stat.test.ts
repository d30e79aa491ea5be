import { describe, expect, it } from "vitest";
import { isRegularMode, modeFromPosix, posixPermissions } from "../../../sdk/core/file-stat.ts";

describe("Go's file modes", () => {
  it.each([
    [0o100644, 0o644, true],
    [0o104755, 0x00800000 + 0o755, true],
    [0o102755, 0x00400000 + 0o755, true],
    [0o041777, 0x80000000 + 0x00100000 + 0o777, false],
    [0o120777, 0x08000000 + 0o777, false],
    [0o060660, 0x04000000 + 0o660, false],
    [0o020666, 0x04000000 + 0x00200000 + 0o666, false],
    [0o010600, 0x02000000 + 0o600, false],
    [0o140755, 0x01000000 + 0o755, false],
  ])("%o", (posix, mode, regular) => {
    expect(modeFromPosix(posix)).toBe(mode);
    expect(isRegularMode(mode)).toBe(regular);
    expect(posixPermissions(mode)).toBe(posix & 0o7777);
  });
});
