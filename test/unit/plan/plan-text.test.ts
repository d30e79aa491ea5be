import { expect, test } from "vitest";
import { createPlan } from "../../../sdk/plan/decision.ts";
import { formatPlan } from "../../../sdk/plan/plan-text.ts";
import { packageFacts, platformFacts, storedImage } from "./package-facts.ts";

test("a plan is a table, and plain JSON", () => {
  const facts = packageFacts(
    [platformFacts("linux/amd64", { cache: storedImage("image") }), platformFacts("linux/arm64")],
    { tag: "0123456789abcdef0123456789abcdef01234567-dirty-89abcde" },
  );
  const plan = createPlan([facts], { verb: "build", force: false, pull: true });
  expect(formatPlan(plan).split("\n")).toEqual([
    "PACKAGE    TAG                          PLATFORM     STATE   ENGINE              WHY",
    "acme/init  0123456789ab…-dirty-89abcde  linux/amd64  cached  -                   the cache has this tag and platform",
    "acme/init  0123456789ab…-dirty-89abcde  linux/arm64  build   (not resolved yet)  neither cache nor registry has this tag and platform",
  ]);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});
