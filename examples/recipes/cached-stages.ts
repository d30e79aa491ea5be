import { llb, pkg } from "kitsmith";

/**
 * Two stages and a cache mount: pages are made in one stage, the image holds only the pages. A text that did not change
 * is not rendered again even where the step itself runs again, since the mount keeps what was made.
 */
export const pages = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "pages",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { BASE: "alpine:3.22", RELEASE: "1" },
  recipe: ({ args, buildPlatform, context }) => {
    const made = llb
      // Pages are the same for every platform, so they are made on the engine's own.
      .image(args.BASE ?? "", { platform: buildPlatform })
      .copy(context(".", { include: ["pages"] }), "/src")
      .run(["/bin/sh", "/src/pages/render.sh"], {
        env: { RELEASE: args.RELEASE ?? "" },
        mounts: [llb.cacheMount("/cache", { id: "/acme-pages", sharing: "locked" })],
      });
    return llb.scratch().copy(made.path("/out"), "/srv").label("org.opencontainers.image.title", "pages");
  },
});
