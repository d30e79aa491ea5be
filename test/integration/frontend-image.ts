import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type EngineChoice, pkg } from "kitsmith";
import { createRepository } from "./package-repository.ts";

const SOURCE = join(import.meta.dirname, "../engines/frontend");
const CACHE = join(import.meta.dirname, "../../node_modules/.cache/kitsmith-frontend");
const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";

/**
 * Publishes a small frontend of the tests' own, and gives its reference. It writes its options as JSON into
 * `/options.json` over the input `base`, if there is one; the option `message` into `/message`; the file of the build
 * context that the option `copy` names, to `/copied`; and it fails if the option `fail` is there.
 */
export async function pushFrontendImage(
  registry: string,
  engine: EngineChoice,
  cacheDirectory: string,
): Promise<string> {
  await using repository = await createRepository({
    "frontend/build.yml": `image: frontend\norg: ${registry}/frontend\narches: [${ARCHITECTURE}]\n`,
    "frontend/Dockerfile": [
      "FROM scratch",
      "LABEL moby.buildkit.frontend.network.none=true",
      "LABEL moby.buildkit.frontend.caps=moby.buildkit.frontend.inputs,moby.buildkit.frontend.contexts",
      "COPY program /frontend",
      'ENTRYPOINT ["/frontend"]',
      "",
    ].join("\n"),
    "frontend/program": { content: await readFile(await buildFrontend()), mode: 0o755 },
  });
  const { reference } = await pkg(`${repository.directory}/frontend`).engines(engine).push({ cacheDirectory });
  return reference;
}

/** Builds the Go program, where it has changed, and gives its path. */
async function buildFrontend(): Promise<string> {
  const program = join(CACHE, "frontend");
  await mkdir(CACHE, { recursive: true });
  const flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", "-s -w", "-o", program];
  await execa("go", ["build", ...flags, "."], { cwd: SOURCE, env: { CGO_ENABLED: "0" } });
  return program;
}
