import { createPublicKey, verify } from "node:crypto";
import { expect, test } from "vitest";
import type {
  AccessToken,
  Credential,
  CredentialSource,
  TokenWish,
} from "../../../sdk/credentials/credential-source.ts";
import { Auth } from "../../../sdk/proto/gen/auth_pb.js";
import { createAuthService } from "../../../sdk/session/auth.ts";
import { openDaemonSide } from "./daemon-side.ts";

const ann: Credential = { kind: "basic", username: "ann", password: "pw" };
const bob: Credential = { kind: "basic", username: "bob", password: "pw" };
const Salt = Buffer.alloc(32, 1);
const Payload = Buffer.alloc(32, 2);

interface Asked extends TokenWish {
  readonly fresh: boolean | undefined;
}

function sourceOf(credential: Credential | undefined, asked: Asked[] = []): CredentialSource {
  const token: AccessToken = { token: "TOKEN", lifeMs: 90_500, issuedAtMs: 1_700_000_000_000 };
  return {
    get: async () => credential,
    fetchToken: async (wish, options) => {
      asked.push({ ...wish, fresh: options?.fresh });
      return token;
    },
  };
}

const open = (credential?: Credential, asked?: Asked[]) =>
  openDaemonSide([createAuthService(sourceOf(credential, asked))]);

async function publicKey(credential: Credential | undefined, salt = Salt, Host = "ghcr.io"): Promise<Buffer> {
  await using side = await open(credential);
  const { PublicKey } = await side.client.unary(Auth.method.getTokenAuthority, { Host, Salt: salt });
  return Buffer.from(PublicKey);
}

test("sessions with the same credential have the same key, others have others", async () => {
  const key = await publicKey(ann);
  expect(key.byteLength).toBe(32);
  expect((await publicKey(ann)).equals(key)).toBe(true);
  for (const other of [
    publicKey(bob),
    publicKey(undefined),
    publicKey(ann, Payload),
    publicKey(ann, Salt, "quay.io"),
  ]) {
    expect((await other).equals(key)).toBe(false);
  }
});

test("a session proves that it has the key", async () => {
  await using side = await open(ann);
  const { Signed } = await side.client.unary(Auth.method.verifyTokenAuthority, { Host: "ghcr.io", Salt, Payload });
  const prefix = Buffer.from("302a300506032b6570032100", "hex");
  const key = createPublicKey({ key: Buffer.concat([prefix, await publicKey(ann)]), format: "der", type: "spki" });
  expect(verify(null, Payload, key, Signed.subarray(0, 64))).toBe(true);
  expect(Buffer.from(Signed.subarray(64)).equals(Payload)).toBe(true);
});

test("a token is fetched here, and anew when a session asks again", async () => {
  const asked: Asked[] = [];
  await using side = await open(ann, asked);
  const wish = { Host: "ghcr.io", Realm: "https://ghcr.io/token", Service: "ghcr.io", Scopes: ["repository:a:pull"] };
  for (let time = 0; time < 2; time += 1) {
    expect(await side.client.unary(Auth.method.fetchToken, wish)).toMatchObject({
      Token: "TOKEN",
      ExpiresIn: 90n,
      IssuedAt: 1_700_000_000n,
    });
  }
  const common = { host: "ghcr.io", realm: wish.Realm, service: "ghcr.io", scopes: wish.Scopes };
  expect(asked).toEqual([
    { ...common, fresh: false },
    { ...common, fresh: true },
  ]);
});

test("a token service without address is refused", async () => {
  await using side = await open(ann);
  const call = side.client.unary(Auth.method.fetchToken, { Host: "ghcr.io", Realm: "token" });
  await expect(call).rejects.toMatchObject({ status: "INVALID_ARGUMENT" });
});
