/** What a release's file must be. */
export interface ReleasePin {
  /** Hex, of the file as it is downloaded. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A release of BuildKit with the files that may be used, by platform as their names have it: `linux-amd64`. */
export interface PinnedRelease {
  /** With leading v. */
  readonly version: string;
  readonly files: Readonly<Record<string, ReleasePin>>;
}

/**
 * The release that kitsmith downloads. Rows come from `node scripts/pin-release.mjs`, which reads the files themselves;
 * a platform without a row is refused.
 */
export const BUILDKIT_RELEASE: PinnedRelease = Object.freeze({ version: "v0.33.1", files: Object.freeze({}) });

/** Where BuildKit's releases are. */
export const RELEASE_SERVER = "https://github.com/moby/buildkit/releases/download";
