import { readFile } from "node:fs/promises";
import { type EngineChoice, pkg } from "kitsmith";
import { testTools } from "../engines/test-tools.ts";
import { createRepository } from "./package-repository.ts";

/** Publishes a small image with a shell, for two platforms; gives its reference. */
export async function publishBaseImage(
  registry: string,
  engine: EngineChoice,
  cacheDirectory: string,
): Promise<string> {
  const { busybox } = testTools();
  const files = Object.fromEntries(
    await Promise.all(
      Object.entries(busybox).map(async ([architecture, file]) => [
        `busybox-${architecture}`,
        { content: await readFile(file), mode: 0o755 },
      ]),
    ),
  );
  await using repository = await createRepository({
    "base/build.yml": `image: busybox\norg: ${registry}/base\narches: [amd64, arm64]\n`,
    "base/Dockerfile": 'FROM scratch\nARG TARGETARCH\nCOPY busybox-$TARGETARCH /bin/sh\nCMD ["/bin/sh"]\n',
    ...Object.fromEntries(Object.entries(files).map(([name, content]) => [`base/${name}`, content])),
  });
  const { reference } = await pkg(`${repository.directory}/base`).engines(engine).push({ cacheDirectory });
  return reference;
}
