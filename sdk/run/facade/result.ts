import type { Digest } from "../../core/digest.ts";
import type { PlatformText } from "../../core/platform.ts";
import type { Plan } from "../../plan/plan.ts";
import type { NodeOutcome } from "../../progress/event.ts";

/** What became of one platform of an exported package. */
export interface ExportedImage {
  readonly platform: PlatformText;
  /** Where the image lies: `name:tag-arch`. */
  readonly reference: string;
  /** Undefined for exports that hold no image: a root file system has none. */
  readonly digest?: Digest;
  readonly outcome: NodeOutcome;
  /** Why it was built, or not. */
  readonly why: string;
  /** How many things its build warned of; the events `build.warning` tell them. */
  readonly warnings: number;
  readonly durationMs: number;
}

/** What became of an exported package. */
export interface ExportedPackage<P extends PlatformText = PlatformText> {
  /** `org/image`. */
  readonly name: string;
  readonly tag: string;
  /** The index with all platforms. */
  readonly reference: string;
  /** Of the index; undefined for exports that hold no image. */
  readonly digest?: Digest;
  readonly images: Readonly<Record<P, ExportedImage>>;
}

/** What became of one platform of a package. */
export interface ImageResult extends ExportedImage {
  readonly digest: Digest;
}

/** What became of a package. */
export interface PackageResult<P extends PlatformText = PlatformText> extends ExportedPackage<P> {
  readonly digest: Digest;
  readonly images: Readonly<Record<P, ImageResult>>;
}

/** A node that failed or was canceled, with the reason. */
export interface FailedNode {
  readonly package: string;
  readonly platform: PlatformText;
  readonly outcome: "failed" | "canceled" | "skipped";
  readonly error: unknown;
  /** An image that exists by digest although no tag points at it. */
  readonly digest?: Digest;
}

/** How one platform of a package ended, well or not. */
export interface NodeReport {
  readonly package: string;
  readonly platform: PlatformText;
  readonly outcome: NodeOutcome;
  /** An image that exists, although no tag may point at it. */
  readonly digest?: Digest;
  readonly error?: unknown;
}

/** What became of a run. */
export interface RunResult<Package extends ExportedPackage = PackageResult> {
  readonly ok: boolean;
  readonly plan: Plan;
  readonly packages: readonly Package[];
  readonly failed: readonly FailedNode[];
  /** All nodes, in the plan's order. */
  readonly outcomes: readonly NodeReport[];
  readonly durationMs: number;
}
