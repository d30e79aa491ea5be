import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The templates that come with kitsmith: name → directory. They lie in `templates`, beside package.json. */
export async function findTemplates(): Promise<ReadonlyMap<string, string>> {
  const directory = join(await packageRoot(dirname(fileURLToPath(import.meta.url))), "templates");
  const entries = await readdir(directory, { withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry): [string, string] => [entry.name, join(directory, entry.name)])
      .sort(),
  );
}

/** How far up it lies depends on whether this runs from the sources or from a bundle. */
async function packageRoot(start: string): Promise<string> {
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = await readFile(join(directory, "package.json"), "utf8").catch(() => undefined);
    if (manifest !== undefined || directory === dirname(directory)) return directory;
  }
}
