import { defineConfig, type ViteUserConfig } from "vitest/config";

/** What is in the package as it is published. Reads dist/: build before. */
const config: ViteUserConfig = defineConfig({
  test: { include: ["test/package/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000, allowOnly: false },
});

export default config;
