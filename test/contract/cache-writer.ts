import { writeSync } from "node:fs";
import { openCache } from "../../sdk/oci/layout/cache.ts";

// A program for tests: puts names into a cache, each with content of its own, and says on stdout each one that was
// acknowledged. Every fifth name takes one away that is older: this is said before it is tried, and `at once` none is.
const [directory = "", prefix = "", count = "0", mode = ""] = process.argv.slice(2);
const cache = await openCache(directory);

async function add(number: number): Promise<void> {
  const blob = await cache.writeBlob(new TextEncoder().encode(`${prefix} ${number}`));
  await cache.setReference(`${prefix}:${number}`, { mediaType: "text/plain", ...blob });
  say(`+${prefix}:${number}`);
}

async function remove(number: number): Promise<void> {
  say(`-${prefix}:${number}`);
  await cache.remove([`${prefix}:${number}`]);
}

/** At once, so that it is said even by a process that is killed right after. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

const numbers = Array.from({ length: Number(count) }, (_, number) => number);
if (mode === "at-once") await Promise.all(numbers.map(add));
else {
  for (const number of numbers) {
    await add(number);
    if (number % 5 === 4) await remove(number - 2);
  }
}
