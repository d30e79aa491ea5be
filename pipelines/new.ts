// Starts a package from a template: tsx pipelines/new.ts NAME [--template NAME] [--org ORG]
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { createFromTemplate } from "kitsmith";
import { runPipeline } from "./pipeline.ts";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { template: { type: "string" }, org: { type: "string" } },
});

await runPipeline(async (signal) => {
  const [name = ""] = positionals;
  const { directory, files } = await createFromTemplate({ name, ...values, signal });
  console.log(`Made ${relative(process.cwd(), directory)}:`);
  for (const file of files) console.log(`  ${file}`);
  console.log("Commit it, then `kitsmith pkg build` it; README.md says how to go on.");
});
