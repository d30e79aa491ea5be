import { expect, test } from "vitest";
import { execPlatforms, llb, marshal } from "../../../../sdk/llb/index.ts";

test("only platforms on which something runs count", () => {
  const build = llb.image("golang", { platform: "linux/amd64" }).run("go build");
  const cross = llb.image("alpine").copy(build.path("/out"), "/out");
  expect(execPlatforms(marshal(cross, { platform: "linux/arm64" }))).toEqual([{ os: "linux", architecture: "amd64" }]);
  const native = cross.run("true").run("true", { platform: "linux/arm/v7" });
  expect(execPlatforms(marshal(native, { platform: "linux/arm64" }))).toEqual([
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
    { os: "linux", architecture: "arm", variant: "v7" },
  ]);
});

test("scratch runs nowhere", () => {
  expect(execPlatforms(marshal(llb.scratch(), { platform: "linux/arm64" }))).toEqual([]);
});
