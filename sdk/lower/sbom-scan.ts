import type { Platform } from "../core/platform.ts";
import { type Definition, llb, marshal, type OciImageConfig, type StateValue } from "../llb/index.ts";

/** A scan of a root file system. */
export interface SbomScan {
  /** The image that scans, with its digest. */
  readonly scanner: string;
  readonly config: OciImageConfig;
  /** Handed to the scanner as `BUILDKIT_SCAN_<name>`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Where the scanner runs. */
  readonly platform: Platform;
  readonly root: StateValue;
}

const SOURCE = "/run/src/core/sbom";
const DESTINATION = "/run/out";

/**
 * The graph whose result holds a scanner's statements about a root, without any network. Engines have the same of their
 * own, with the network that containers usually have.
 *
 * @source https://github.com/moby/buildkit/blob/v0.33.1/docs/attestations/sbom-protocol.md
 */
export function sbomScan({ scanner, config, parameters, platform, root }: SbomScan): Definition {
  const base = llb.image(scanner, { platform }).withImageConfig(config);
  const { entrypoint = [], cmd = [] } = base.image;
  const named = Object.entries(parameters).map(([name, value]) => [`BUILDKIT_SCAN_${name}`, value] as const);
  const out = base
    .run([...entrypoint, ...cmd], {
      env: { ...Object.fromEntries(named), BUILDKIT_SCAN_SOURCE: SOURCE, BUILDKIT_SCAN_DESTINATION: DESTINATION },
      network: "none",
      mounts: [
        llb.tmpfsMount("/tmp"),
        llb.bindMount(SOURCE, root, { readonly: true }),
        llb.bindMount(DESTINATION, llb.scratch()),
      ],
      name: `generating sbom using ${scanner}`,
    })
    .mount(DESTINATION);
  return marshal(out, { platform });
}
