/** What an engine is to attest of an image: in-toto statements that lie beside it in its index. */
export interface AttestSettings {
  /** A bill of materials, made by a scanner in the engine. */
  readonly sbom?: boolean | SbomSettings;
  /** How the image was built. `true` is `min`; `max` holds the whole graph, with the values of build arguments. */
  readonly provenance?: boolean | "min" | "max" | ProvenanceSettings;
  /**
   * Whether images that are stored already stay as they are though they lack what is asked for, as with the LinuxKit CLI.
   * Default false: they are built again, so that nothing is without what was asked for.
   */
  readonly keepStored?: boolean;
}

/** What can be attested of an image. */
export type AttestationKind = "sbom" | "provenance";

/** What has to be attested of an image that is stored, for it to be as good as one that is built now. */
export function requiredAttestations({
  sbom,
  provenance,
  keepStored,
}: AttestSettings = {}): readonly AttestationKind[] {
  if (keepStored) return [];
  return [...(sbom ? (["sbom"] as const) : []), ...(provenance ? (["provenance"] as const) : [])];
}

/** How a bill of materials is made. */
export interface SbomSettings {
  /** The image that scans. Default BuildKit's own, `docker/buildkit-syft-scanner:stable-1`. */
  readonly scanner?: string;
  /** Handed to the scanner as `BUILDKIT_SCAN_<name>`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What a provenance says. */
export interface ProvenanceSettings {
  /** Default `min`. */
  readonly mode?: "min" | "max";
  /** Of SLSA's format. Default `v1`. */
  readonly version?: "v0.2" | "v1";
  /** Who builds, as a URI. */
  readonly builderId?: string;
  /** Claims that the same inputs give the same image. */
  readonly reproducible?: boolean;
}

/**
 * The scanner that engines take where none is named.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/frontend/attestations/parse.go
 */
export const DEFAULT_SCANNER = "docker/buildkit-syft-scanner:stable-1";

/** The image that scans; undefined where no bill of materials is asked for. */
export function scannerOf({ sbom = false }: AttestSettings): string | undefined {
  if (sbom === false) return undefined;
  return (sbom === true ? undefined : sbom.scanner) ?? DEFAULT_SCANNER;
}
