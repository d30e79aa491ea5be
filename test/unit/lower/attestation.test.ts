import { isKitsmithError } from "kitsmith";
import { describe, expect, test } from "vitest";
import { attestOptions } from "../../../sdk/lower/attestation.ts";
import { type AttestSettings, DEFAULT_SCANNER } from "../../../sdk/pkg/attestation.ts";

const SBOM = "attest:sbom";
const PROVENANCE = "attest:provenance";

const ACCEPTED: readonly (readonly [AttestSettings | undefined, Readonly<Record<string, string>>])[] = [
  [undefined, {}],
  [{}, {}],
  [{ sbom: false, provenance: false }, {}],
  [{ sbom: true }, { [SBOM]: `generator=${DEFAULT_SCANNER}` }],
  [{ sbom: {} }, { [SBOM]: `generator=${DEFAULT_SCANNER}` }],
  [{ sbom: { scanner: "example.com/scan:1" } }, { [SBOM]: "generator=example.com/scan:1" }],
  [
    { sbom: { scanner: "s", parameters: { SELECT: "a,b", WORD: 'say "x"' } } },
    { [SBOM]: 'generator=s,"SELECT=a,b","WORD=say ""x"""' },
  ],
  [{ provenance: true }, { [PROVENANCE]: "mode=min,version=v1" }],
  [{ provenance: "max" }, { [PROVENANCE]: "mode=max,version=v1" }],
  [
    { provenance: { mode: "max", version: "v0.2", builderId: "https://example.com/ci", reproducible: true } },
    { [PROVENANCE]: "mode=max,version=v0.2,builder-id=https://example.com/ci,reproducible=true" },
  ],
  [
    { sbom: true, provenance: {} },
    { [SBOM]: `generator=${DEFAULT_SCANNER}`, [PROVENANCE]: "mode=min,version=v1" },
  ],
];

const REFUSED: readonly AttestSettings[] = [
  { sbom: { scanner: "" } },
  { sbom: { scanner: "a\nb" } },
  { sbom: { parameters: { "a=b": "c" } } },
  { sbom: { parameters: { generator: "other" } } },
  { provenance: { builderId: "a\0" } },
];

describe("attestations as options", () => {
  test.each(ACCEPTED)("%j", (settings, options) => {
    expect(attestOptions(settings)).toEqual(options);
  });

  test.each(REFUSED)("%j is refused", (settings) => {
    expect(() => attestOptions(settings)).toThrow(
      expect.toSatisfy((error) => isKitsmithError(error) && error.code === "INPUT_OPTION_INVALID"),
    );
  });
});
