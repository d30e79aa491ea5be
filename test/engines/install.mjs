#!/usr/bin/env node
// Installs what the integration tests need into a cache outside of the checkout. Runs again without work.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { areDependenciesInstalled, installDependencies } from "../../scripts/quickstart/dependencies.mjs";

const checkout = join(dirname(fileURLToPath(import.meta.url)), "../..");
if (!areDependenciesInstalled(checkout)) {
  console.error("Installing the dependencies");
  await installDependencies(checkout);
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
