#!/usr/bin/env node
// node make.mjs DIRECTORY [REGISTRY_URL]
import { makeBaseImages, missingForBaseImages, pushLayout } from "./base-images.mjs";

const [directory, registryUrl] = process.argv.slice(2);
if (directory === undefined) {
  console.error("usage: node make.mjs DIRECTORY [REGISTRY_URL]");
  process.exit(2);
}
const missing = await missingForBaseImages();
if (missing.length > 0) {
  console.error(`The base images cannot be made here, what is missing: ${missing.join(", ")}.`);
  process.exit(1);
}
const layout = await makeBaseImages(directory, { onProgress: (line) => console.error(line) });
console.log(layout);
if (registryUrl !== undefined) for (const name of await pushLayout(layout, registryUrl)) console.log(name);
