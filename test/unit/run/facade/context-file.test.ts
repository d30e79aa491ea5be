import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import { contextFileContent, contextFileDigest } from "../../../../sdk/run/facade/context-file.ts";

const CONTENT = Buffer.alloc(1_000_000, "content");

let directory = "";
let path = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-context-file-"));
  path = join(directory, "context.tar");
  await writeFile(path, CONTENT);
});
afterEach(() => rm(directory, { recursive: true }));

async function send(signal?: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of contextFileContent({ path, digest: digestOf(CONTENT) }, { signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("what is sent is what the digest is of", async () => {
  expect(await contextFileDigest({ path }, {})).toBe(digestOf(CONTENT));
  expect(CONTENT.equals(await send())).toBe(true);
});

test("a file that changed meanwhile is sent to no good end", async () => {
  await appendFile(path, "more");
  await expect(send()).rejects.toMatchObject({ code: "PLAN_TREE_CHANGED" });
});

test("a file that is not there is told, and whoever gives up hears the own reason", async () => {
  const gone = AbortSignal.abort("gone");
  await expect(contextFileDigest({ path }, { signal: gone })).rejects.toBe("gone");
  await expect(send(gone)).rejects.toBe("gone");
  await rm(path);
  await expect(contextFileDigest({ path }, {})).rejects.toMatchObject({ code: "INPUT_SOURCE_UNREADABLE" });
});
