import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { openCache } from "../../sdk/oci/layout/cache.ts";
import { checkCache } from "../../sdk/oci/layout/check/check-cache.ts";

/** A process that writes into a cache. */
export interface Writer {
  readonly child: ChildProcess;
  /** Names that were acknowledged and that it did not begin to take away. */
  readonly acknowledged: Set<string>;
  /** Its exit status or signal, when all that it said was read. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Makes the writing program one file, which starts quickly. */
export async function buildWriter(directory: string): Promise<string> {
  return await buildProgram("cache-writer", directory);
}

/** Makes a program that lies beside this file one file. */
export async function buildProgram(name: string, directory: string): Promise<string> {
  const outfile = join(directory, `${name}.mjs`);
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    ...{ bundle: true, platform: "node", format: "esm", outfile, logLevel: "error" },
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  return outfile;
}

/** Starts a process that puts `count` names into a cache. */
export function startWriter(
  program: string,
  cache: string,
  prefix: string,
  count: number,
  mode?: "at-once",
  path: string = process.env.PATH ?? "",
): Writer {
  const child = spawn(process.execPath, [program, cache, prefix, String(count), mode ?? ""], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, PATH: path, NODE_NO_WARNINGS: "1" },
  });
  const acknowledged = new Set<string>();
  createInterface(child.stdout).on("line", (line) => {
    if (line.startsWith("+")) acknowledged.add(line.slice(1));
    else acknowledged.delete(line.slice(1));
  });
  const ended = once(child, "close").then(([status, signal]) => status ?? signal);
  return { child, acknowledged, ended };
}

/** All that was acknowledged is there and whole, and so is all that has a name. */
export async function expectWhole(directory: string, acknowledged: Iterable<string>): Promise<void> {
  const cache = await openCache(directory);
  const listed = new Map((await cache.list()).map((entry) => [entry.name, entry.descriptor]));
  for (const name of acknowledged) expect(listed.has(`docker.io/library/${name}`), name).toBe(true);
  for (const descriptor of listed.values()) {
    expect(digestOf(await cache.readBlob(descriptor))).toBe(descriptor.digest);
  }
}

/**
 * Kills writers, one of two that work at once, at moments that a seed chooses, and looks at what is left each time.
 *
 * @returns how many of the kills met a process that had not ended
 */
export async function killWriters(program: string, directory: string, rounds: number, seed: number): Promise<number> {
  const random = createRandom(seed);
  const acknowledged = new Set<string>();
  let killed = 0;
  for (let round = 0; round < rounds; round += 1) {
    const writers = [
      startWriter(program, directory, `killed-${round}`, 1000),
      startWriter(program, directory, `other-${round}`, 4),
    ] as const;
    const [victim, other] = writers;
    await new Promise((resolve) => setTimeout(resolve, 40 + random() * 260));
    victim.child.kill("SIGKILL");
    if ((await victim.ended) === "SIGKILL") killed += 1;
    expect(await other.ended).toBe(0);
    const added = writers.flatMap((writer) => [...writer.acknowledged]);
    await expectWhole(directory, added);
    for (const name of added) acknowledged.add(name);
  }
  await expectWhole(directory, acknowledged);
  const { problems } = await checkCache(directory, { repair: true });
  expect(problems.filter(({ kind }) => kind !== "left-behind")).toEqual([]);
  expect(await checkCache(directory)).toMatchObject({ ok: true, problems: [] });
  await expectWhole(directory, acknowledged);
  return killed;
}

/** Numbers from 0 to 1 that are the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}
