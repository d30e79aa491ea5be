import { pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { describe, expect, test } from "vitest";

const TIMEOUT_MS = 10 * 60_000;

describe.each(["linux/amd64", "linux/arm64"] as const)("__NAME__ for %s", (platform) => {
  test("is one static program", { timeout: TIMEOUT_MS }, async () => {
    await using image = await openImage(pkg(import.meta.dirname), platform, { progress: "plain" });
    expect(await image.readDirectory("/usr/bin")).toEqual(["__NAME__"]);
    await image.assertFile("/usr/bin/__NAME__", {
      executable: true,
      elf: { static: true, platform: image.platform },
    });
    expect(image.config.config.entrypoint).toEqual(["/usr/bin/__NAME__"]);
  });
});
