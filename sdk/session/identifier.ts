import { randomBytes } from "node:crypto";

const LENGTH = 25;

/** A fresh identifier for a session or a build: 25 characters of base 36, as BuildKit's own clients make them. */
export function createIdentifier(): string {
  const number = BigInt(`0x${randomBytes(17).toString("hex")}`);
  return number.toString(36).padStart(LENGTH, "0").slice(0, LENGTH);
}
