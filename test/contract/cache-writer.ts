import { openCache } from "../../sdk/oci/layout/cache.ts";

// A program for tests: writes blobs and names into a cache, and tells its parent each name that was acknowledged.
const [directory = "", name = "", count = "0"] = process.argv.slice(2);
const cache = await openCache(directory);
for (let number = 0; number < Number(count); number += 1) {
  const blob = await cache.writeBlob(new TextEncoder().encode(`${name} ${number}`));
  await cache.setReference(`${name}:${number}`, { mediaType: "text/plain", ...blob });
  process.send?.(`${name}:${number}`);
}
process.disconnect();
