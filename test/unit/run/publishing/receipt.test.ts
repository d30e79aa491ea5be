import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import { type Receipt, readReceipts, writeReceipt } from "../../../../sdk/run/publishing/receipt.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-receipt-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const receiptOf = (architecture: string): Receipt => ({
  version: 1,
  packages: [
    {
      name: "team/app",
      reference: "127.0.0.1:5000/team/app:v1",
      manifests: [
        {
          mediaType: "application/vnd.oci.image.manifest.v1+json",
          size: 2,
          digest: digestOf(architecture),
          annotations: { key: "value" },
          platform: { os: "linux", architecture },
        },
      ],
    },
  ],
});

test("receipts are read as they were written, several by a pattern", async () => {
  for (const name of ["amd64", "arm64"]) await writeReceipt(join(directory, `receipt-${name}.json`), receiptOf(name));
  await writeReceipt(join(directory, "receipt-amd64Xjson"), receiptOf("other"));
  expect(await readReceipts(join(directory, "receipt-*.json"))).toEqual([receiptOf("amd64"), receiptOf("arm64")]);
  expect(await readReceipts(join(directory, "receipt-?rm64.json"))).toEqual([receiptOf("arm64")]);
  expect(await readReceipts(join(directory, "receipt-amd64.json"))).toEqual([receiptOf("amd64")]);
});

test.each(["none-*.json", "none.json", "none/receipt-*.json"])("%s is missing", async (pattern) => {
  await expect(readReceipts(join(directory, pattern))).rejects.toMatchObject({ code: "INPUT_SOURCE_MISSING" });
});

test("a receipt that cannot be written is an error", async () => {
  const writing = writeReceipt(join(directory, "none", "receipt.json"), receiptOf("amd64"));
  await expect(writing).rejects.toMatchObject({ code: "CONTENT_WRITE_FAILED" });
});

test.each([
  "no JSON",
  "[]",
  '{"version":2,"packages":[]}',
  '{"version":1}',
  '{"version":1,"packages":[{}]}',
  '{"version":1,"packages":[{"name":"a","reference":"127.0.0.1/a","manifests":[]}]}',
  '{"version":1,"packages":[{"name":"a","reference":"../a:v1","manifests":[]}]}',
  '{"version":1,"packages":[{"name":"a","reference":"a:v1","manifests":[{"digest":"sha256:1"}]}]}',
])("%s is no receipt", async (text) => {
  await writeFile(join(directory, "receipt.json"), text);
  const reading = readReceipts(join(directory, "receipt.json"));
  await expect(reading).rejects.toMatchObject({ code: "INPUT_OPTION_INVALID" });
});
