// Builds packages into the OCI cache, where `linuxkit build` finds them: npm run build:packages -- DIRECTORY...
import { parseArgs } from "node:util";
import { pkgs } from "kitsmith";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    platform: { type: "string", multiple: true, default: ["linux/amd64", "linux/arm64"] },
    "keep-going": { type: "boolean", default: false },
  },
});
if (positionals.length === 0) {
  console.error("usage: build DIRECTORY... [--platform OS/ARCH]... [--keep-going]");
  process.exit(2);
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
}

const result = await pkgs(positionals)
  .platforms(...values.platform)
  .keepGoing(values["keep-going"])
  .build({ signal: stop.signal, progress: "auto" });

for (const { reference, digest } of result.packages) console.log(`${reference}  ${digest}`);
for (const { package: name, platform, outcome } of result.failed) console.error(`${name} ${platform}: ${outcome}`);
process.exitCode = result.ok ? 0 : 1;
