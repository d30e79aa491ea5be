import { defineConfig, type ViteUserConfig } from "vitest/config";
import { NoSkipsReporter } from "./test/engines/no-skips-reporter.ts";

/** Real engines, registries and readers: see docs/testing.md for what they need. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["kitsmith-source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["kitsmith-source", "node", "import", "default"] } },
  test: {
    include: ["test/integration/**/*.itg.test.ts"],
    globalSetup: ["test/engines/global-setup.ts"],
    // The engines are shared, and the machine may be small: one file at a time.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    allowOnly: false,
    reporters: ["default", new NoSkipsReporter()],
  },
});

export default config;
