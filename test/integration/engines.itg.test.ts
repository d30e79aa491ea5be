import { execa } from "execa";
import { describe, expect, inject, test } from "vitest";
import { testTools } from "../engines/test-tools.ts";

describe("the engines and the registry that integration tests run against", () => {
  test("buildkitd says its version and runs arm64", async () => {
    const { stdout } = await execa(testTools().buildctl, ["--addr", inject("buildkitAddress"), "debug", "workers"]);
    expect(stdout).toContain("linux/arm64");
  });

  test("dockerd keeps images in the containerd store", async () => {
    const { stdout } = await execa(testTools().docker, ["--host", inject("dockerAddress"), "info", "--format", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({ DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]] });
  });

  test("the registry answers without credentials", async () => {
    const response = await fetch(`http://${inject("registryHost")}/v2/`);
    expect(response.status).toBe(200);
  });
});
