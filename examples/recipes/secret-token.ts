import { fromEnv, llb, pkg } from "kitsmith";

/**
 * A secret in a step: it is there as a file while the step runs, and in no layer. The token comes from the environment
 * variable CI_TOKEN when the package is built, and is shown as *** if the step prints it.
 */
export const licensed = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "licensed",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { BASE: "alpine:3.22" },
  recipe: ({ args, buildPlatform }) => {
    // A real step would fetch something with the token; this one only proves that it had it.
    const fetched = llb
      .image(args.BASE ?? "", { platform: buildPlatform })
      .run('echo "asking with $(cat /run/secrets/TOKEN)" && sha256sum < /run/secrets/TOKEN > /license', {
        mounts: [llb.secretMount("/run/secrets/TOKEN", { id: "TOKEN" })],
      });
    return llb.scratch().copy(fetched.path("/license"), "/etc/license");
  },
}).secrets({ TOKEN: fromEnv("CI_TOKEN") });
