import { llb, pkg } from "kitsmith";

/** A package without Dockerfile: the recipe is a function, typed, called once per platform. */
export const agent = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "agent",
  platforms: ["linux/amd64", "linux/arm64"],
  config: { capabilities: ["CAP_NET_BIND_SERVICE"], net: "host", binds: ["/etc/resolv.conf:/etc/resolv.conf"] },
  recipe: ({ platform, buildPlatform, context }) => {
    const build = llb
      .image("golang:1.26-alpine", { platform: buildPlatform })
      .workdir("/src")
      .copy(context(".", { include: ["go.mod", "cmd"] }), "/src")
      .run("go build -trimpath -ldflags='-s -w' -o /out/agent ./cmd/agent", {
        env: { GOOS: platform.os, GOARCH: platform.architecture, CGO_ENABLED: "0", GOTOOLCHAIN: "local" },
        // The id is the one that the Dockerfile of clock-go names: both packages share what Go has compiled.
        mounts: [
          llb.cacheMount("/root/.cache/go-build", { id: `/go-build-${platform.architecture}`, sharing: "locked" }),
        ],
      });
    return llb.scratch().copy(build.path("/out/agent"), "/usr/bin/agent").entrypoint("/usr/bin/agent");
  },
});
