import { isKitsmithError } from "kitsmith";
import { describe, expect, test } from "vitest";
import type { Compression, CompressionType } from "../../../sdk/outputs/compression.ts";
import { compressionAttributes } from "../../../sdk/outputs/compression.ts";
import { imageAttributes } from "../../../sdk/outputs/image-attributes.ts";

const repository = { registry: "registry.example", repository: "acme/p", tag: "v1" };

const ACCEPTED: readonly (readonly [CompressionType | Compression | undefined, Readonly<Record<string, string>>])[] = [
  [undefined, {}],
  ["gzip", { compression: "gzip" }],
  ["estargz", { compression: "estargz" }],
  ["uncompressed", { compression: "uncompressed" }],
  [
    { type: "zstd", level: 22 },
    { compression: "zstd", "compression-level": "22" },
  ],
  [
    { type: "gzip", level: 0, force: true },
    { compression: "gzip", "compression-level": "0", "force-compression": "true" },
  ],
];

const REFUSED: readonly Compression[] = [
  { type: "gzip", level: 10 },
  { type: "gzip", level: 1.5 },
  { type: "zstd", level: -1 },
  { type: "uncompressed", level: 0 },
  { type: JSON.parse('"toString"') },
];

describe("attributes of image exporters", () => {
  test.each(ACCEPTED)("compression %j", (compression, attributes) => {
    expect(compressionAttributes(compression)).toEqual(attributes);
  });

  test.each(REFUSED)("compression %j is refused", (compression) => {
    expect(() => compressionAttributes(compression)).toThrow(
      expect.toSatisfy((error) => isKitsmithError(error) && error.code === "INPUT_OPTION_INVALID"),
    );
  });

  test("an image without wishes has a name without tag, and OCI's media types", () => {
    expect(imageAttributes({ repository, annotations: {} })).toEqual({
      name: "registry.example/acme/p",
      "oci-mediatypes": "true",
    });
  });

  test("annotations are the manifest's; an epoch also rewrites the layers' times", () => {
    expect(imageAttributes({ repository, annotations: { "a.b": "c" }, epochSeconds: 0 })).toMatchObject({
      "annotation.a.b": "c",
      "source-date-epoch": "0",
      "rewrite-timestamp": "true",
    });
  });
});
