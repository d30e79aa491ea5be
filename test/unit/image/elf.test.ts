import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parsePlatform } from "../../../sdk/core/platform.ts";
import { parseElf, runsOn } from "../../../sdk/image/elf.ts";

/** The head of a 64-bit program for a machine; with an interpreter it is linked dynamically. */
function program(machine: number, interpreter: boolean): Buffer {
  const bytes = Buffer.alloc(64 + 56);
  bytes.write("\x7fELF", "latin1");
  bytes.set([2, 1, 1], 4);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(interpreter ? 3 : 1, 64);
  return bytes;
}

describe("parseElf", () => {
  test.each([
    [62, "amd64", "linux/amd64"],
    [183, "arm64", "linux/arm64"],
    [243, "riscv64", "linux/riscv64"],
  ])("machine %i is %s", (machine, architecture, platform) => {
    const elf = parseElf(program(machine, false));
    expect(elf).toEqual({ architecture, static: true });
    expect(elf && runsOn(elf, parsePlatform(platform))).toBe(true);
    expect(elf && runsOn(elf, parsePlatform("linux/s390x"))).toBe(false);
  });

  test("an interpreter means dynamic linking", () => {
    expect(parseElf(program(62, true))?.static).toBe(false);
    expect(parseElf(readFileSync(process.execPath))).toMatchObject({ static: false });
  });

  test("other files are none", () => {
    expect(parseElf(Buffer.from("#!/bin/sh\n"))).toBeUndefined();
    expect(parseElf(Buffer.alloc(200))).toBeUndefined();
  });
});
