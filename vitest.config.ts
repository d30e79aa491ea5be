import { defineConfig, type ViteUserConfig } from "vitest/config";

/** Unit, golden and contract suites: no engine, no network but loopback, seconds in all. */
const config: ViteUserConfig = defineConfig({
  resolve: { conditions: ["kitsmith-source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["kitsmith-source", "node", "import", "default"] } },
  test: {
    include: [
      "test/unit/**/*.test.ts",
      "test/golden/**/*.test.ts",
      "test/contract/**/*.test.ts",
      "test/conformance/**/*.test.ts",
    ],
    testTimeout: 20_000,
    maxWorkers: 2,
  },
});

export default config;
