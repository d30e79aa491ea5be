import { expect, test } from "vitest";
import { digestOf } from "../../../../sdk/core/digest.ts";
import { readVerified, verifyContent } from "../../../../sdk/oci/model/content.ts";
import { parseImageConfig } from "../../../../sdk/oci/model/image-config.ts";
import {
  createIndex,
  encodeIndex,
  formatRootIndex,
  isIndex,
  parseIndexOrManifest,
} from "../../../../sdk/oci/model/manifest.ts";
import { MEDIA_TYPES } from "../../../../sdk/oci/model/media-type.ts";

const digest = digestOf("content");
const blob = { mediaType: "text/plain", size: 7, digest };
const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, config: blob, layers: [blob] };
const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

test("an index's bytes are those that Go writes", () => {
  const index = createIndex([
    {
      platform: { os: "linux", architecture: "arm64", variant: "v8" },
      annotations: { b: "<&>", a: "1" },
      digest,
      size: 7,
      mediaType: MEDIA_TYPES.manifest,
    },
  ]);
  expect(new TextDecoder().decode(encodeIndex(index))).toBe(
    `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.index}","manifests":[{"mediaType":"${MEDIA_TYPES.manifest}","size":7,"digest":"${digest}","annotations":{"a":"1","b":"\\u003c\\u0026\\u003e"},"platform":{"architecture":"arm64","os":"linux","variant":"v8"}}]}`,
  );
  expect(formatRootIndex(createIndex([]))).toBe(
    `{\n   "schemaVersion": 2,\n   "mediaType": "${MEDIA_TYPES.index}",\n   "manifests": []\n}`,
  );
});

test("an index and a manifest are told apart", () => {
  const index = encodeIndex(createIndex([blob]));
  expect(isIndex(parseIndexOrManifest(index, { origin: "x" }))).toBe(true);
  expect(isIndex(parseIndexOrManifest(bytes(manifest), { origin: "x" }))).toBe(false);
});

test.each([
  ["no JSON", "{"],
  ["no UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
  ["a list", "[]"],
  ["another schema version", { ...manifest, schemaVersion: 1 }],
  ["an index and a manifest at once", { ...manifest, manifests: [] }],
  ["a manifest that says it is an index", { ...manifest, mediaType: MEDIA_TYPES.index }],
  ["an index that says it is a manifest", { schemaVersion: 2, mediaType: MEDIA_TYPES.manifest, manifests: [] }],
  ["no config", { ...manifest, config: undefined }],
  ["layers that are no list", { ...manifest, layers: {} }],
  ["a digest of another kind", { ...manifest, config: { ...blob, digest: "md5:00" } }],
  ["a digest that is a path", { ...manifest, config: { ...blob, digest: "sha256:../../x" } }],
  ["a negative size", { ...manifest, config: { ...blob, size: -1 } }],
  ["a size that is no number", { ...manifest, config: { ...blob, size: "7" } }],
  ["10,000 entries", { schemaVersion: 2, manifests: Array.from({ length: 10_000 }, () => blob) }],
  ["annotations that are no texts", { ...manifest, annotations: { a: 1 } }],
])("%s is refused", (_case, content) => {
  const given = content instanceof Uint8Array ? content : bytes(content);
  expect(() => parseIndexOrManifest(given, { origin: "x" })).toThrow(
    expect.objectContaining({ code: "CONTENT_CORRUPT" }),
  );
});

test("content that was announced as something else is refused", () => {
  expect(() => parseIndexOrManifest(bytes(manifest), { origin: "x", mediaType: MEDIA_TYPES.dockerManifest })).toThrow(
    expect.objectContaining({ code: "CONTENT_CORRUPT" }),
  );
});

test("a config gives platform, run settings and layers", () => {
  const config = parseImageConfig(
    bytes({
      architecture: "arm64",
      os: "linux",
      variant: "v8",
      config: { Env: ["A=1"], Entrypoint: ["/init"], Cmd: null, Labels: { a: "b" }, ExposedPorts: { "80/tcp": {} } },
      rootfs: { type: "layers", diff_ids: [digest] },
    }),
    "config",
  );
  expect(config).toMatchObject({
    platform: { os: "linux", architecture: "arm64" },
    config: { env: ["A=1"], entrypoint: ["/init"], command: [], labels: { a: "b" }, exposedPorts: ["80/tcp"] },
    diffIds: [digest],
  });
});

async function* streamOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield bytes(text);
}

test.each([
  ["more than was said", ["content", "!"], "CONTENT_SIZE_MISMATCH"],
  ["less than was said", ["conten"], "CONTENT_SIZE_MISMATCH"],
  ["something else", ["c0ntent"], "CONTENT_DIGEST_MISMATCH"],
])("content that is %s fails", async (_case, texts, code) => {
  await expect(readVerified(streamOf(...texts), blob, 100, "x")).rejects.toMatchObject({ code });
});

test("what exceeds the size is never passed on", async () => {
  const passed: Uint8Array[] = [];
  const reading = (async () => {
    for await (const chunk of verifyContent(streamOf("content", "!"), blob, "x")) passed.push(chunk);
  })();
  await expect(reading).rejects.toMatchObject({ code: "CONTENT_SIZE_MISMATCH" });
  expect(passed).toHaveLength(1);
});

test("content above the limit is refused before it is read", async () => {
  await expect(readVerified(streamOf("content"), blob, 6, "x")).rejects.toMatchObject({
    code: "CONTENT_SIZE_MISMATCH",
  });
});
