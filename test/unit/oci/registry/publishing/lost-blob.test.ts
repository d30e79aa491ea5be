import { describe, expect, test } from "vitest";
import { BuildError, RegistryError } from "../../../../../sdk/core/errors.ts";
import { withLostBlobRetry } from "../../../../../sdk/oci/registry/publishing/lost-blob.ts";

const lost = new RegistryError("REGISTRY_REJECTED", "the registry answered 400: MANIFEST_BLOB_UNKNOWN");
const lostByEngine = new BuildError("BUILD_STEP_FAILED", "failed to push: blob unknown to registry - sha256:aa");
const refused = new RegistryError("REGISTRY_REJECTED", "the registry answered 400: MANIFEST_INVALID");

describe("withLostBlobRetry", () => {
  test.each([lost, lostByEngine])("pushes again what the registry lost: %s", async (error) => {
    let calls = 0;
    const pushed = await withLostBlobRetry(async () => {
      calls += 1;
      if (calls < 3) throw error;
      return "pushed";
    });
    expect([pushed, calls]).toEqual(["pushed", 3]);
  });

  test.each([
    [lost, 5],
    [refused, 1],
  ])("gives up with the registry's error: %s", async (error, attempts) => {
    let calls = 0;
    const push = withLostBlobRetry(async () => {
      calls += 1;
      throw error;
    });
    await expect(push).rejects.toBe(error);
    expect(calls).toBe(attempts);
  });
});
