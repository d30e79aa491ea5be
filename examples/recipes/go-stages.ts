import { join } from "node:path";
import { llb, pkg } from "kitsmith";
import type { State } from "kitsmith/llb";

/** Keeps what Go has compiled from build to build, on the engine. */
const COMPILED = llb.cacheMount("/root/.cache/go-build");

/** One program of the sources. */
function program(builder: State, name: string, architecture: string): State {
  return builder.run(`go build -trimpath -o /out/${name} ./cmd/${name}`, {
    name: `compile ${name}`,
    env: { CGO_ENABLED: "0", GOARCH: architecture },
    mounts: [COMPILED, llb.tmpfsMount("/tmp")],
  });
}

/**
 * Go programs in stages: one builder with the sources, a stage for each program, an image with the programs alone. They
 * are compiled on the engine's own platform for the one that is asked for. The cache mount makes a second build short;
 * any change of the sources still runs all the stages again, which `go-merged.ts` does better.
 */
export const greetings = pkg({
  directory: join(import.meta.dirname, "go"),
  org: "acme",
  image: "greetings",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { GO: "golang:1.26-alpine" },
  recipe: ({ args, buildPlatform, context, platform }) => {
    const builder = llb
      .image(args.GO ?? "", { platform: buildPlatform })
      .copy(context("."), "/src")
      .workdir("/src");
    const hello = program(builder, "hello", platform.architecture);
    const bye = program(builder, "bye", platform.architecture);
    return llb
      .scratch()
      .copy(hello.path("/out/hello"), "/usr/bin/hello")
      .copy(bye.path("/out/bye"), "/usr/bin/bye")
      .entrypoint("/usr/bin/hello");
  },
});
