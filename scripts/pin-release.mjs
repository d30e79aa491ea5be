#!/usr/bin/env node
// Prints rows for sdk/engine/lifecycle/release-pins.ts from files of a BuildKit release that were downloaded by hand.
// With --checksums FILE (lines `<sha256>  <name>`), each file must also have the digest that the file names.
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { checksums: { type: "string" } } });
if (positionals.length === 0) {
  console.error("usage: node scripts/pin-release.mjs [--checksums FILE] buildkit-vX.Y.Z.linux-ARCH.tar.gz…");
  process.exit(2);
}
const expected = new Map();
if (values.checksums !== undefined) {
  for (const line of readFileSync(values.checksums, "utf8").split("\n")) {
    const match = /^([0-9a-f]{64}) [ *](.+)$/.exec(line);
    if (match !== null) expected.set(basename(match[2]), match[1]);
  }
}
for (const file of positionals) {
  const name = /^buildkit-(v\d+\.\d+\.\d+)\.(linux-[a-z0-9-]+)\.tar\.gz$/.exec(basename(file));
  if (name === null) {
    console.error(`${file}: not the name of a release file`);
    process.exit(1);
  }
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  const sha256 = hash.digest("hex");
  if (values.checksums !== undefined && expected.get(basename(file)) !== sha256) {
    console.error(`${file}: its digest is not the one in ${values.checksums}`);
    process.exit(1);
  }
  console.log(`"${name[2]}": { sha256: "${sha256}", sizeBytes: ${sizeBytes} }, // ${name[1]}`);
}
