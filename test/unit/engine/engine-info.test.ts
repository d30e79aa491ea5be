import { describe, expect, test } from "vitest";
import { connectEngine } from "../../../sdk/engine/connect-engine.ts";
import { Control } from "../../../sdk/proto/gen/control_pb.js";
import type { SessionHandler } from "../../../sdk/session/service.ts";
import { unaryMethod } from "../../../sdk/session/unary-method.ts";
import { serveGrpc } from "../../../sdk/wire/grpc-server.ts";
import { listen, listenGrpc, type TestServer } from "../wire/grpc-fixture.ts";

const SNAPSHOTTER = { "org.mobyproject.buildkit.worker.snapshotter": "overlayfs" };

interface FakeDaemon {
  readonly version?: string;
  readonly platforms?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

function daemonMethods({ version, platforms = [], labels = {} }: FakeDaemon): Record<string, SessionHandler> {
  const records = platforms.map((text) => {
    const [OS = "", Architecture = "", Variant = ""] = text.split("/");
    return { OS, Architecture, Variant };
  });
  const info = unaryMethod(Control.method.info, async () => ({ buildkitVersion: { version: version ?? "" } }));
  return {
    ...(version === undefined ? {} : info),
    ...unaryMethod(Control.method.listWorkers, async () => ({
      record: [{ ID: "one", Labels: { ...labels }, platforms: records }, { ID: "two" }],
    })),
  };
}

function addressOf(server: TestServer): string {
  return server.endpoint.kind === "unix" ? `unix://${server.endpoint.path}` : "";
}

describe("what an engine says about itself", () => {
  test("is its version, its platforms and which of them are native", async () => {
    await using server = await listenGrpc(
      daemonMethods({
        version: "v0.33.1",
        platforms: ["linux/amd64", "linux/amd64/v2", "linux/arm64/v8", "linux/386"],
      }),
    );
    await using engine = await connectEngine(addressOf(server), { name: "mine" });
    const info = await engine.info();
    expect(engine).toMatchObject({ address: "mine", kind: "buildkit" });
    expect(info.version).toBe("0.33.1");
    expect(info.platforms).toContainEqual({ os: "linux", architecture: "arm64" });
    expect(info.nativePlatforms).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "linux", architecture: "amd64", variant: "v2" },
      { os: "linux", architecture: "386" },
    ]);
  });

  test("on arm64 includes 32 bit arm", async () => {
    const platforms = ["linux/arm64", "linux/amd64", "linux/arm/v7", "linux/arm/v6"];
    await using server = await listenGrpc(daemonMethods({ version: "0.20.0", platforms }));
    await using engine = await connectEngine(addressOf(server));
    const { nativePlatforms } = await engine.info();
    expect(nativePlatforms.map(({ architecture, variant }) => `${architecture}${variant ?? ""}`)).toEqual([
      "arm64",
      "armv7",
      "armv6",
    ]);
  });

  test.each(["v0.12.9", "0.11.0", "0.10.6+unknown"])("is too old at %s", async (version) => {
    await using server = await listenGrpc(daemonMethods({ version }));
    await expect(connectEngine(addressOf(server))).rejects.toMatchObject({ code: "ENGINE_TOO_OLD" });
  });

  test("is too old without Info", async () => {
    await using server = await listenGrpc(daemonMethods({}));
    await expect(connectEngine(addressOf(server))).rejects.toMatchObject({ code: "ENGINE_TOO_OLD" });
  });

  test.each([
    ["v0.13.0", "0.13.0"],
    ["1.0.0", "1.0.0"],
    ["v0.0.0+unknown", "unknown"],
    ["", "unknown"],
  ])("is new enough at %j", async (version, expected) => {
    await using server = await listenGrpc(daemonMethods({ version }));
    await using engine = await connectEngine(addressOf(server));
    expect((await engine.info()).version).toBe(expected);
  });
});

describe("dockerd", () => {
  const METHODS = daemonMethods({ version: "v0.25.0", platforms: ["linux/amd64"], labels: SNAPSHOTTER });

  test("is reached by upgrade", async () => {
    await using server = await listen((socket) => {
      socket.once("data", (data) => {
        if (!data.toString().startsWith("POST /grpc HTTP/1.1\r\n")) return socket.destroy();
        socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        return serveGrpc(socket, METHODS);
      });
    });
    await using engine = await connectEngine(addressOf(server), { kind: "docker" });
    expect((await engine.info()).exporters).toEqual(expect.arrayContaining(["image", "moby"]));
  });

  test.each([404, 400])("is reached directly where the route answers %i", async (httpStatus) => {
    let upgrades = 0;
    await using server = await listen((socket) => {
      socket.once("data", (data) => {
        if (!data.toString().startsWith("PRI *")) {
          upgrades += 1;
          return socket.end(`HTTP/1.1 ${httpStatus} No\r\nContent-Length: 0\r\n\r\n`);
        }
        socket.pause();
        socket.unshift(data);
        return serveGrpc(socket, METHODS);
      });
    });
    await using engine = await connectEngine(addressOf(server), { kind: "docker" });
    expect((await engine.info()).version).toBe("0.25.0");
    expect(upgrades).toBe(1);
  });

  test("without the containerd store has fewer exporters", async () => {
    await using server = await listen((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        serveGrpc(socket, daemonMethods({ version: "v0.25.0", platforms: ["linux/amd64"] }));
      });
    });
    await using engine = await connectEngine(addressOf(server), { kind: "docker" });
    expect((await engine.info()).exporters).toEqual(["moby", "tar", "local"]);
  });
});

describe("connecting", () => {
  test("to a server that never answers ends after the time", async () => {
    await using server = await listen(() => {});
    const connecting = connectEngine(addressOf(server), { timeoutMs: 100 });
    await expect(connecting).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE", retryable: true });
  });

  test("aborted, rejects with the reason", async () => {
    await using server = await listen(() => {});
    const canceled = new AbortController();
    const connecting = connectEngine(addressOf(server), { kind: "docker", signal: canceled.signal });
    connecting.catch(() => undefined);
    const reason = new Error("enough");
    canceled.abort(reason);
    await expect(connecting).rejects.toBe(reason);
  });
});
