import { llb, pkg } from "kitsmith";

/** A package without Dockerfile: the recipe is this function, typed, called once per platform. */
export const agent = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "agent",
  arches: ["amd64", "arm64"],
  config: { capabilities: ["CAP_NET_BIND_SERVICE"], net: "host", binds: ["/etc/resolv.conf:/etc/resolv.conf"] },
  recipe: ({ platform, buildPlatform, context }) => {
    const build = llb
      .image("golang:1.26-alpine", { platform: buildPlatform })
      .workdir("/src")
      .copy(context("."), "/src")
      .run("go build -trimpath -ldflags='-s -w' -o /out/agent ./cmd/agent", {
        env: { GOOS: platform.os, GOARCH: platform.architecture, CGO_ENABLED: "0", GOTOOLCHAIN: "local" },
        mounts: [llb.cacheMount("/root/.cache/go-build")],
      });
    return llb.scratch().copy(build.path("/out/agent"), "/usr/bin/agent").entrypoint("/usr/bin/agent");
  },
});
