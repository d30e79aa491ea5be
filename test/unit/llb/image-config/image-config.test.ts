import { expect, test } from "vitest";
import { baseImageKey, baseImages, imageConfig, llb, marshal, type ResolvedImages } from "../../../../sdk/llb/index.ts";

const PLATFORM = { os: "linux", architecture: "arm64" };
const BASE = "docker.io/library/base:1";
const DIGEST = `sha256:${"a".repeat(64)}`;
const images: ResolvedImages = new Map([
  [
    baseImageKey(BASE, PLATFORM),
    {
      digest: DIGEST,
      config: {
        author: "someone",
        config: {
          Env: ["PATH=/opt/bin", "KEEP=1"],
          WorkingDir: "/srv",
          User: "app",
          Cmd: ["old"],
          Labels: { a: "1", b: "1" },
          ExposedPorts: { "80/tcp": {} },
        },
      },
    },
  ],
]);

test("a state from scratch says only what it was told, and PATH", () => {
  const state = llb
    .scratch()
    .env("A", "1")
    .workdir("/srv")
    .user("1000:1000")
    .entrypoint("/bin/agent", "-v")
    .cmd("serve")
    .label("x", "y")
    .expose(80, "53/udp")
    .volume("/data")
    .stopSignal("SIGINT")
    .healthcheck({ test: ["CMD", "/bin/agent", "ping"], intervalMs: 1500, retries: 3 });
  expect(imageConfig(state, { platform: PLATFORM })).toEqual({
    architecture: "arm64",
    os: "linux",
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=1"],
      WorkingDir: "/srv",
      User: "1000:1000",
      Entrypoint: ["/bin/agent", "-v"],
      Cmd: ["serve"],
      Labels: { x: "y" },
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      Volumes: { "/data": {} },
      StopSignal: "SIGINT",
      Healthcheck: { Test: ["CMD", "/bin/agent", "ping"], Interval: 1_500_000_000, Retries: 3 },
    },
    rootfs: { type: "layers", diff_ids: [] },
  });
});

test("what a state leaves open comes from its resolved base image", () => {
  const state = llb.image("base:1").env("KEEP", "2").workdir("sub").label("b", "2").expose(81);
  expect(imageConfig(state, { platform: PLATFORM, images })).toMatchObject({
    author: "someone",
    config: {
      Env: ["PATH=/opt/bin", "KEEP=2"],
      WorkingDir: "/srv/sub",
      User: "app",
      Cmd: ["old"],
      Labels: { a: "1", b: "2" },
      ExposedPorts: { "80/tcp": {}, "81/tcp": {} },
    },
  });
});

test("a new entry point drops the base image's command", () => {
  const { config } = imageConfig(llb.image("base:1").entrypoint("/x"), { platform: PLATFORM, images });
  expect(config).toMatchObject({ Entrypoint: ["/x"] });
  expect(JSON.stringify(config)).not.toContain("old");
});

test("processes and relative paths inherit too, and the image is pinned", () => {
  const options = { platform: PLATFORM, images };
  const inherited = marshal(llb.image("base:1").env("A", "1").run("x").mkdir("d"), options);
  const spelled = marshal(
    llb
      .image(`base:1@${DIGEST}`)
      .env({ PATH: "/opt/bin", KEEP: "1", A: "1" })
      .workdir("/srv")
      .user("app")
      .run("x")
      .mkdir("d"),
    { platform: PLATFORM },
  );
  expect(inherited.ops).toEqual(spelled.ops);
});

test("the base images of a graph are those that something is inherited from", () => {
  const tools = llb.image("tools", { platform: "linux/amd64" }).run("make");
  const onlyCopied = llb.image("data");
  const state = llb.image("base:1").copy(tools.path("/out"), "/out").copy(onlyCopied.workdir("/").path("x"), "/x");
  expect(
    baseImages(state, { platform: PLATFORM })
      .map(({ key }) => key)
      .sort(),
  ).toEqual([
    baseImageKey(BASE, PLATFORM),
    baseImageKey("docker.io/library/tools:latest", { os: "linux", architecture: "amd64" }),
  ]);
});

test("a config that is taken over comes out again, and processes run in it", () => {
  const config = {
    architecture: "arm64",
    os: "linux",
    config: {
      Env: ["PATH=/bin", "A=1"],
      WorkingDir: "/srv",
      User: "app",
      Entrypoint: ["/e"],
      Cmd: ["c"],
      Labels: { a: "1" },
      ExposedPorts: { "80/tcp": {} },
      Volumes: { "/data": {} },
      StopSignal: "SIGINT",
      Healthcheck: { Test: ["CMD", "x"], Interval: 1_500_000_000, Retries: 3 },
    },
    rootfs: { type: "layers", diff_ids: [] },
  };
  const state = llb.scratch().withImageConfig(config);
  expect(imageConfig(state, { platform: { os: "linux", architecture: "amd64" } })).toEqual(config);
  const spelled = llb.scratch().platform("linux/arm64").env({ PATH: "/bin", A: "1" }).workdir("/srv").user("app");
  const options = { platform: "linux/amd64" };
  expect(marshal(state.run("x"), options).ops).toEqual(marshal(spelled.run("x"), options).ops);
});

test("members of a config that have the wrong type are passed over", () => {
  const wrong = {
    os: 1,
    config: { Env: "A=1", Cmd: [1], Labels: { a: 1 }, Healthcheck: 7, ExposedPorts: [], User: null },
  };
  const state = llb.scratch().withImageConfig(wrong);
  expect(imageConfig(state, { platform: PLATFORM })).toEqual(imageConfig(llb.scratch(), { platform: PLATFORM }));
});
