// npm run new -- NAME [--template NAME] [--org ORG]
// or: node --import tsx pipelines/new.ts NAME
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { createFromTemplate } from "kitsmith";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { template: { type: "string" }, org: { type: "string" } },
});
const [name] = positionals;
if (name === undefined || positionals.length > 1) {
  console.error("usage: new NAME [--template NAME] [--org ORG]");
  process.exit(2);
}

const { directory, files } = await createFromTemplate({ name, ...values });
console.log(`Made ${relative(process.cwd(), directory)}:`);
for (const file of files) console.log(`  ${file}`);
console.log("Commit it, then `kitsmith pkg build` it; README.md says how to go on.");
