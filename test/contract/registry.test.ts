import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry } from "../../sdk/testing/registry.ts";
import { describeRegistry } from "./registry-suite.ts";

describeRegistry("the embedded registry", async () => {
  const directory = await mkdtemp(join(tmpdir(), "kitsmith-registry-"));
  const registry = await startRegistry({ directory });
  return {
    address: registry.address,
    async [Symbol.asyncDispose]() {
      await registry.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
