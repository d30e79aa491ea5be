#!/usr/bin/env node
// Makes sdk/proto/gen from the .proto files beside this script. With --check it writes nothing and
// fails when what is committed differs from what would be made. Works without network.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const protoDirectory = import.meta.dirname;
const root = join(protoDirectory, "../..");
const committed = join(protoDirectory, "gen");
const binaries = join(root, "node_modules/.bin");

function generateInto(directory) {
  const template = {
    version: "v2",
    plugins: [{ local: "protoc-gen-es", out: directory, opt: ["target=js+dts", "import_extension=js"] }],
  };
  execFileSync(join(binaries, "buf"), ["generate", protoDirectory, "--template", JSON.stringify(template)], {
    env: { PATH: [binaries, process.env.PATH ?? ""].join(delimiter), HOME: directory },
    stdio: ["ignore", "inherit", "inherit"],
  });
  rmSync(join(directory, ".cache"), { recursive: true, force: true });
}

function readAll(directory) {
  const names = readdirSync(directory).sort();
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

function differences(expected, actual) {
  const names = new Set([...expected.keys(), ...actual.keys()]);
  return [...names].filter((name) => expected.get(name) !== actual.get(name));
}

const check = process.argv.includes("--check");
const fresh = mkdtempSync(check ? join(tmpdir(), "kitsmith-proto-") : join(protoDirectory, ".gen-"));
try {
  generateInto(fresh);
  if (check) {
    const changed = differences(readAll(fresh), readAll(committed));
    if (changed.length > 0) {
      console.error(
        `sdk/proto/gen is not what its sources give: ${changed.join(", ")}. Run: node sdk/proto/generate.mjs`,
      );
      process.exitCode = 1;
    }
  } else {
    rmSync(committed, { recursive: true, force: true });
    chmodSync(fresh, 0o755);
    renameSync(fresh, committed);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
