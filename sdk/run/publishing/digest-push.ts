import type { PlatformText } from "../../core/platform.ts";
import type { PushOptions } from "../facade/options.ts";
import type { PackageSetSpec } from "../facade/package-spec.ts";
import type { ExportedPackage, RunResult } from "../facade/result.ts";
import { startRun } from "../facade/verbs.ts";
import type { Run } from "../run.ts";
import type { Receipt, ReceiptPackage } from "./receipt.ts";

/** How `pushByDigest()` pushes. What concerns tags is said to `mergeIndexes()`. */
export type DigestPushOptions = Omit<PushOptions, "archTags" | "release" | "partial">;

/** What `pushByDigest()` pushed. No tag moved, so no package has an index. */
export interface DigestPush<P extends PlatformText = PlatformText> extends RunResult<ExportedPackage<P>> {
  /** For `writeReceipt()`, or for `mergeIndexes()` at once. */
  readonly receipt: Receipt;
}

/** Starts a push that ends before tags move. */
export function startDigestPush(set: PackageSetSpec, options: DigestPushOptions): Run<DigestPush> {
  const packages: ReceiptPackage[] = [];
  return startRun({ verb: "push", set, options, receipts: { packages } }, (result) => ({
    ...result,
    receipt: { version: 1, packages: inOrder(packages, result) },
  }));
}

/** Packages end in whatever order. */
function inOrder(packages: readonly ReceiptPackage[], { plan }: RunResult<ExportedPackage>): readonly ReceiptPackage[] {
  const places = new Map(plan.packages.map(({ reference }, place) => [reference, place]));
  return [...packages].sort((a, b) => (places.get(a.reference) ?? 0) - (places.get(b.reference) ?? 0));
}
