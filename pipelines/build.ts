// Builds packages into the OCI cache, where `linuxkit build` finds them: tsx pipelines/build.ts DIRECTORY...
import { parseArgs } from "node:util";
import { pkgs } from "kitsmith";
import { runPipeline } from "./pipeline.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    platform: { type: "string", multiple: true, default: ["linux/amd64", "linux/arm64"] },
    "keep-going": { type: "boolean", default: false },
  },
});

await runPipeline(async (signal) => {
  const result = await pkgs(positionals)
    .platforms(...values.platform)
    .keepGoing(values["keep-going"])
    .build({ signal, progress: "auto" });
  for (const { reference, digest } of result.packages) console.log(`${reference}  ${digest}`);
  for (const { package: name, platform, outcome } of result.failed) console.error(`${name} ${platform}: ${outcome}`);
  if (!result.ok) process.exitCode = 1;
});
