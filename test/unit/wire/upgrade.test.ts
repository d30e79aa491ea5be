import { once } from "node:events";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { dialEndpoint } from "../../../sdk/wire/endpoint.ts";
import { upgradeSocket } from "../../../sdk/wire/upgrade.ts";
import { listen } from "./grpc-fixture.ts";

const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

describe("an upgraded connection", () => {
  test("has what the server sent together with its answer", async () => {
    await using server = await listen(
      (socket) => void socket.once("data", () => socket.end(`${SWITCHING}first bytes`)),
    );
    const socket = await upgradeSocket(await dialEndpoint(server.endpoint), { path: "/grpc" });
    expect(await text(socket)).toBe("first bytes");
  });

  test("was asked for with each value of a header on a line of its own", async () => {
    let asked = "";
    await using server = await listen((socket) => {
      socket.once("data", (data) => {
        asked = data.toString();
        socket.end(SWITCHING);
      });
    });
    const headers = { "x-method": ["/a/B", "/c/D"], "x-id": "1" };
    const socket = await upgradeSocket(await dialEndpoint(server.endpoint), { path: "/session", headers });
    socket.destroy();
    const lines = asked.split("\r\n");
    expect(lines[0]).toBe("POST /session HTTP/1.1");
    expect(lines).toEqual(expect.arrayContaining(["x-method: /a/B", "x-method: /c/D", "x-id: 1", "Upgrade: h2c"]));
  });

  test("refused, is an error with the server's words, and closed", async () => {
    const answer = 'HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n{"message":"nope"}\n';
    await using server = await listen((socket) => void socket.once("data", () => socket.write(answer)));
    const socket = await dialEndpoint(server.endpoint);
    const upgrading = upgradeSocket(socket, { path: "/grpc" });
    await expect(upgrading).rejects.toMatchObject({
      code: "WIRE_UPGRADE_REFUSED",
      details: { httpStatus: 404, body: expect.stringContaining("nope") },
    });
    expect(socket.destroyed).toBe(true);
  });

  test("that the server drops is an error", async () => {
    await using server = await listen((socket) => void socket.once("data", () => socket.destroy()));
    const upgrading = upgradeSocket(await dialEndpoint(server.endpoint), { path: "/grpc" });
    await expect(upgrading).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("is not dialled after an abort", async () => {
    await using server = await listen(() => {});
    const reason = new Error("no");
    await expect(dialEndpoint(server.endpoint, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const canceled = new AbortController();
    const dialling = dialEndpoint(server.endpoint, { signal: canceled.signal });
    canceled.abort(reason);
    await expect(dialling).rejects.toBe(reason);
    for (const socket of server.sockets) if (!socket.destroyed) await once(socket.resume(), "close");
  });
});
