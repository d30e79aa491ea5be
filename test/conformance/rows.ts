import { BUILDKIT_ROWS } from "./buildkit-rows.ts";
import { LATER_ROWS } from "./later-rows.ts";
import { PACKAGE_ROWS } from "./package-rows.ts";
import type { Row } from "./row.ts";

/** Every promise, in the order of the document that is made from them. */
export const ROWS: readonly { readonly title: string; readonly rows: readonly Row[] }[] = [
  { title: "Packages", rows: PACKAGE_ROWS },
  { title: "Later promises", rows: LATER_ROWS },
  { title: "BuildKit", rows: BUILDKIT_ROWS },
];
