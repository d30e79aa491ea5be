/** This release of kitsmith; package.json says the same. */
export const VERSION = "0.1.0";
/** The commit that this release was made from; `unknown` where the build does not say it. */
export const REVISION = "unknown";
