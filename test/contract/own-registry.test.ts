import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../sdk/core/digest.ts";
import { createRegistryClient } from "../../sdk/oci/registry/client.ts";
import { findOwnRegistry, startOwnRegistry, stopOwnRegistry } from "../../sdk/testing/own-registry.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-own-registry-"));
});
afterEach(async () => {
  await stopOwnRegistry(directory);
  await rm(directory, { recursive: true, force: true });
});

test("it goes on by itself, is found again, and keeps its port and content over a restart", async () => {
  expect(await findOwnRegistry(directory)).toBeUndefined();
  const [first, second] = await Promise.all([startOwnRegistry({ directory }), startOwnRegistry({ directory })]);
  expect(second).toEqual(first);

  const client = createRegistryClient();
  const repository = { registry: first.address, repository: "a" };
  const blob = { digest: digestOf("kept"), size: 4 };
  await client.uploadBlob(repository, blob, async function* () {
    yield new TextEncoder().encode("kept");
  });
  expect(await stopOwnRegistry(directory)).toBe(true);
  expect(await stopOwnRegistry(directory)).toBe(false);
  expect(await findOwnRegistry(directory)).toBeUndefined();

  expect(await startOwnRegistry({ directory })).toEqual(first);
  expect(await client.hasBlob(repository, blob)).toBe(true);
  client.close();
}, 60_000);

test("a port that another program has is named as the trouble", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  await expect(startOwnRegistry({ directory, port })).rejects.toMatchObject({ code: "ENGINE_START_FAILED" });
  await new Promise((resolve) => server.close(resolve));
}, 60_000);
