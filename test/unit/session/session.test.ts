import { describe, expect, test } from "vitest";
import { Health } from "../../../sdk/proto/gen/health_pb.js";
import { Secrets } from "../../../sdk/proto/gen/secrets_pb.js";
import { createIdentifier } from "../../../sdk/session/identifier.ts";
import { createSecretsService } from "../../../sdk/session/secrets.ts";
import { openSession } from "../../../sdk/session/session.ts";
import { StatusError } from "../../../sdk/wire/status.ts";
import { openDaemonSide } from "./daemon-side.ts";

const SECRETS = "/moby.buildkit.secrets.v1.Secrets/GetSecret";

describe("a session", () => {
  test("tells its id, its key and its methods, each by itself", async () => {
    await using side = await openDaemonSide([createSecretsService(new Map())], "0123abc");
    expect(side.headers).toEqual({
      "x-docker-expose-session-uuid": side.session.id,
      "x-docker-expose-session-sharedkey": "0123abc",
      "x-docker-expose-session-grpc-method": ["/grpc.health.v1.Health/Check", SECRETS],
    });
  });

  test("says that it is alive", async () => {
    await using side = await openDaemonSide([]);
    expect(await side.client.unary(Health.method.check, {})).toMatchObject({ status: 1 });
  });

  test("keeps what its services threw", async () => {
    const failure = new TypeError("a bug");
    const services = [{ methods: { [SECRETS]: async () => Promise.reject(failure) } }];
    await using side = await openDaemonSide(services);
    await expect(side.client.unary(Secrets.method.getSecret, { ID: "x" })).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures).toEqual([{ method: SECRETS, error: failure }]);
  });

  test("ends calls that run when it is closed", async () => {
    const services = [
      {
        methods: {
          [SECRETS]: async ({ signal }: { signal: AbortSignal }) => {
            await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
          },
        },
      },
    ];
    const side = await openDaemonSide(services);
    const call = side.client.unary(Secrets.method.getSecret, { ID: "x" });
    call.catch(() => undefined);
    await side.session[Symbol.asyncDispose]();
    await side.session.closed;
    await expect(call).rejects.toBeInstanceOf(StatusError);
    expect(side.session.failures).toEqual([]);
    await side[Symbol.asyncDispose]();
  });

  test("has each method once", async () => {
    const service = createSecretsService(new Map());
    const opening = openSession({ services: [service, service], sharedKey: "", open: () => Promise.reject() });
    await expect(opening).rejects.toMatchObject({ code: "INPUT_OPTION_INVALID" });
  });

  test("has an identifier of 25 characters of base 36, each time another", () => {
    const identifiers = Array.from({ length: 500 }, createIdentifier);
    expect(new Set(identifiers).size).toBe(500);
    for (const identifier of identifiers) expect(identifier).toMatch(/^[0-9a-z]{25}$/);
  });
});
