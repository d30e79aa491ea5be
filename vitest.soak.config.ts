import type { ViteUserConfig } from "vitest/config";
import integration from "./vitest.integration.config.ts";

/** Long runs, only on request. */
const config: ViteUserConfig = {
  ...integration,
  test: { ...integration.test, include: ["test/soak/**/*.itg.test.ts"], testTimeout: 3_600_000 },
};

export default config;
