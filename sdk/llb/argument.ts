import { normalizePlatform, type Platform, parsePlatform } from "../core/platform.ts";
import { invalidOp } from "./invalid-op.ts";
import type { OpPlatform } from "./op.ts";

// A lone half of a surrogate pair has no UTF-8; NUL ends a path or a variable for the kernel.
const UNWRITABLE = /[\0\p{Surrogate}]/u;
const INT64_LIMIT = 1n << 63n;

/** A text that can be written. */
export function checkText(text: string, what: string, op: string): string {
  if (typeof text !== "string" || UNWRITABLE.test(text)) {
    throw invalidOp(`${what} is not a text that can be written as UTF-8 without NUL`, {
      op,
      hint: "Pass a string without NUL characters and without halves of surrogate pairs.",
    });
  }
  return text;
}

/** A text that is there. */
export function checkNonEmpty(text: string, what: string, op: string): string {
  if (checkText(text, what, op) === "") {
    throw invalidOp(`${what} is empty`, { op, hint: `Give ${what} a value.` });
  }
  return text;
}

/** A frozen copy of a list of texts. */
export function checkTexts(texts: readonly string[], what: string, op: string): readonly string[] {
  return Object.freeze(texts.map((text) => checkText(text, what, op)));
}

/** A path without `..` in it; relative or absolute. */
export function checkPath(path: string, what: string, op: string): string {
  checkNonEmpty(path, what, op);
  if (path.includes("..") && path.split("/").includes("..")) {
    throw invalidOp(`${what} "${path}" has .. in it`, {
      op,
      hint: "Write the path that it leads to: .. may cross a symlink and mean something else there.",
    });
  }
  return path;
}

/** An absolute path without `..` in it. */
export function checkAbsolutePath(path: string, what: string, op: string): string {
  if (!checkPath(path, what, op).startsWith("/")) {
    throw invalidOp(`${what} "${path}" is not absolute`, { op, hint: "Start it with /." });
  }
  return path;
}

/** A whole number within bounds, both included. */
export function checkInteger(value: number, range: readonly [number, number], what: string, op: string): number {
  const [low, high] = range;
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw invalidOp(`${what} ${value} is not a whole number between ${low} and ${high}`, {
      op,
      hint: "Pass a number in that range.",
    });
  }
  return value;
}

/** Permission bits, 0 to 0o777. */
export function checkMode(mode: number, what: string, op: string): number {
  return checkInteger(mode, [0, 0o777], what, op);
}

/** A number that fits 64 bits with sign; a `number` must be one that JavaScript holds exactly. */
export function checkInt64(value: number | bigint, what: string, op: string): bigint {
  if (typeof value !== "bigint" && !Number.isSafeInteger(value)) {
    throw invalidOp(`${what} ${value} is not a whole number that is exact`, {
      op,
      hint: "Pass a bigint, such as 10n.",
    });
  }
  const exact = BigInt(value);
  if (exact < -INT64_LIMIT || exact >= INT64_LIMIT) {
    throw invalidOp(`${what} ${value} does not fit 64 bits`, { op, hint: "Pass a number between -2^63 and 2^63 - 1." });
  }
  return exact;
}

/** A platform as text or value, normalized; the version and features of a Windows platform are kept. */
export function checkPlatform(platform: OpPlatform | string, op: string): OpPlatform {
  try {
    if (typeof platform === "string") return parsePlatform(platform);
    if (
      checkText(platform.os, "the os", op) !== "" &&
      checkText(platform.architecture, "the architecture", op) !== ""
    ) {
      return withOsDetails(normalizePlatform(platform), platform, op);
    }
  } catch (cause) {
    throw invalidOp(`${JSON.stringify(platform)} is not a platform`, {
      op,
      cause,
      hint: "Write os/architecture[/variant], such as linux/arm64.",
    });
  }
  throw invalidOp("a platform without os or architecture", {
    op,
    hint: 'Write { os: "linux", architecture: "arm64" }.',
  });
}

function withOsDetails(normal: Platform, { osVersion = "", osFeatures = [] }: OpPlatform, op: string): OpPlatform {
  if (osVersion === "" && osFeatures.length === 0) return normal;
  return Object.freeze({
    ...normal,
    ...(osVersion === "" ? {} : { osVersion: checkText(osVersion, "the version of the os", op) }),
    ...(osFeatures.length === 0 ? {} : { osFeatures: checkTexts(osFeatures, "a feature of the os", op) }),
  });
}
