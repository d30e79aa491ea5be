import { join } from "node:path";
import { llb, pkg } from "kitsmith";

const motd = {
  directory: join(import.meta.dirname, "motd"),
  org: "acme",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { BASE: "alpine:3.22", WHO: "world" },
} as const;

/** The package as its Dockerfile builds it. */
export const withDockerfile = pkg({ ...motd, image: "motd-dockerfile" });

/** The same, line by line, as a recipe. */
export const withRecipe = pkg({
  ...motd,
  image: "motd-recipe",
  recipe: ({ args, context, platform }) => {
    const base = llb.image(args.BASE ?? "", { platform }); // FROM ${BASE}
    const text = base
      .mkdir("/out") // WORKDIR /out makes the directory, too
      .workdir("/out")
      .copy(context().path("words"), "words") // COPY words .
      // An ARG is a variable of the steps that need it, and is not in the image.
      .run('read -r word < words && echo "$word, $WHO" > motd', { env: { WHO: args.WHO ?? "" } });
    return base
      .copy(text.path("/out/motd"), "/etc/motd", { mode: 0o644 }) // COPY --from=text --chmod=644 …
      .env("MOTD", "/etc/motd") // ENV MOTD=/etc/motd
      .cmd("cat", "/etc/motd"); // CMD ["cat", "/etc/motd"]
  },
});
