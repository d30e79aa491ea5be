import { PlanError, type SourceLocation } from "../../core/errors.ts";
import { formatPlatform, type Platform } from "../../core/platform.ts";
import type { TaggedPackage } from "./tagging.ts";

/** The packages that led to one, from the first on: each uses the next. */
export interface UseChain {
  readonly packages: readonly { readonly key: string; readonly title: string }[];
  /** The line that uses the last one. */
  readonly location?: SourceLocation | undefined;
}

/**
 * The chain with one more package.
 *
 * @throws PlanError `PLAN_CYCLE` if it is in the chain already
 */
export function enterPackage(tagged: TaggedPackage, platform: Platform, chain: UseChain | undefined): UseChain {
  const key = JSON.stringify([tagged.package.directory, tagged.name, formatPlatform(platform)]);
  const packages = [...(chain?.packages ?? []), { key, title: tagged.name }];
  const first = packages.findIndex((one) => one.key === key);
  if (first === packages.length - 1) return { packages };
  const circle = packages.slice(first).map(({ title }) => title);
  throw new PlanError("PLAN_CYCLE", `packages use each other in a circle: ${circle.join(" → ")}`, {
    hint: "Move what both need into a package of its own.",
    details: { packages: circle },
    ...(chain?.location === undefined ? {} : { location: chain.location }),
  });
}
