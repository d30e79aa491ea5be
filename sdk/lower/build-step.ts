import type { Platform } from "../core/platform.ts";
import type { Package } from "../pkg/package.ts";

/** One package on one platform with everything resolved: what lowering needs, and nothing that needs I/O. */
export interface BuildStep {
  readonly title: string;
  readonly package: Package;
  readonly platform: Platform;
  /** The engine's own platform. */
  readonly buildPlatform: Platform;
  /** Preset and user's arguments, all resolved. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** What network a step gets that asks for one: an engine without a bridge of its own offers the host's. */
  readonly sandboxNetwork: "sandbox" | "host";
}
