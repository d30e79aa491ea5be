import { describe, expect, test } from "vitest";
import {
  builderAction,
  type FoundBuilder,
  parseFoundBuilder,
  type WantedBuilder,
} from "../../../../sdk/engine/builder/builder-state.ts";

const FOUND: FoundBuilder = {
  image: "moby/buildkit:v1",
  running: true,
  privileged: true,
  network: "bridge",
  isBuilder: true,
};
const kept = { kind: "recreate", dropState: false };
const dropped = { kind: "recreate", dropState: true };

describe("what has to be done with a container", () => {
  test.each<[string, Partial<FoundBuilder>, WantedBuilder, boolean, object]>([
    ["it is as it shall be", {}, {}, true, { kind: "use" }],
    ["it does not run", { running: false }, { image: "moby/buildkit:v1" }, true, { kind: "start" }],
    ["Docker Hub goes without saying", {}, { image: "docker.io/moby/buildkit:v1" }, true, { kind: "use" }],
    ["another image", {}, { image: "moby/buildkit:v2" }, true, dropped],
    ["asked for, which comes before the image", {}, { restart: true, image: "moby/buildkit:v2" }, true, kept],
    ["asked for, though it does not run", { running: false }, { restart: true }, true, kept],
    ["no privileges", { privileged: false }, {}, true, kept],
    ["another network", {}, { network: "host" }, true, kept],
    ["the network that it has", {}, { network: "bridge" }, true, { kind: "use" }],
    ["other settings", { running: false }, {}, false, kept],
  ])("%s", (_, found, wanted, hasConfig, action) => {
    expect(builderAction({ ...FOUND, ...found }, wanted, hasConfig)).toMatchObject(action);
  });

  test("there is none", () => {
    expect(builderAction(undefined, { restart: true, image: "a" }, true)).toEqual({ kind: "create" });
  });
});

describe("docker's answer", () => {
  test("about a container with a volume for a buildkitd", () => {
    const answer = {
      Config: { Image: "a:1" },
      HostConfig: { Privileged: true, NetworkMode: "host" },
      State: { Running: true },
      Mounts: [{ Type: "volume", Name: "x-state", Destination: "/var/lib/buildkit" }],
    };
    expect(parseFoundBuilder(answer)).toEqual({ ...FOUND, image: "a:1", network: "host" });
    expect(parseFoundBuilder({ ...answer, Mounts: [{ Destination: "/data" }] }).isBuilder).toBe(false);
  });

  test.each([[undefined], [null], ["text"], [[]], [{ Config: 1, HostConfig: null, Mounts: {} }]])("%j", (answer) => {
    expect(parseFoundBuilder(answer)).toEqual({
      ...{ image: "", running: false, privileged: false, network: "", isBuilder: false },
    });
  });
});
