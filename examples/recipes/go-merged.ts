import { join } from "node:path";
import { llb, pkg } from "kitsmith";

const PROGRAMS = ["hello", "bye"];

/**
 * The programs of `go-stages.ts` with less cache loss. Sources are merged onto the compiler instead of copied over it, and
 * each program sees only what it is made of: a change of one leaves the stages of the others as they were. The image is
 * the programs' layers, merged, so that one program that changed is one layer that is pushed again.
 */
export const greetings = pkg({
  directory: join(import.meta.dirname, "go"),
  org: "acme",
  image: "greetings-merged",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { GO: "golang:1.26-alpine" },
  recipe: ({ args, buildPlatform, context, platform }) => {
    const compiler = llb.image(args.GO ?? "", { platform: buildPlatform });
    const layers = PROGRAMS.map((name) => {
      const sources = context(".", { include: ["go.mod", "words", `cmd/${name}`] });
      const made = llb
        .merge([compiler, llb.scratch().copy(sources, "/src")])
        .run(`go build -trimpath -o /out/usr/bin/${name} ./cmd/${name}`, {
          name: `compile ${name}`,
          cwd: "/src",
          env: { CGO_ENABLED: "0", GOARCH: platform.architecture },
          mounts: [
            llb.cacheMount("/root/.cache/go-build"),
            llb.tmpfsMount("/tmp"),
            llb.bindMount("/out", llb.scratch()),
          ],
        })
        .mount("/out");
      return made;
    });
    return llb.merge(layers).entrypoint("/usr/bin/hello");
  },
});
