import { pkg } from "kitsmith";
import { openImage } from "kitsmith/testing";
import { expect, test } from "vitest";

const minutes = 60_000;

for (const platform of ["linux/amd64", "linux/arm64"] as const) {
  test(
    `__NAME__ for ${platform} is one static program`,
    async () => {
      await using image = await openImage(pkg(import.meta.dirname), platform);
      expect(await image.list("/usr/bin")).toEqual(["__NAME__"]);
      await image.assertFile("/usr/bin/__NAME__", { executable: true, elf: { static: true, platform } });
      expect(image.config.entrypoint).toEqual(["/usr/bin/__NAME__"]);
    },
    10 * minutes,
  );
}
