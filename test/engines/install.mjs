#!/usr/bin/env node
// Installs what the integration tests need into a cache outside of the checkout. Runs again without work.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = join(dirname(fileURLToPath(import.meta.url)), "../..");
if (!existsSync(join(checkout, "node_modules/tsx"))) {
  console.error("The dependencies are not installed: run `npm ci` first.");
  process.exit(1);
}
const { register } = await import("tsx/esm/api");
register();
const { installTestTools } = await import("./install.ts");
try {
  await installTestTools({ onProgress: (line) => console.error(line) });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
