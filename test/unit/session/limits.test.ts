import { expect, test } from "vitest";
import { SECRET_LIMIT_BYTES } from "../../../sdk/core/secret-limit.ts";
import type { TokenWish } from "../../../sdk/credentials/credential-source.ts";
import { Auth } from "../../../sdk/proto/gen/auth_pb.js";
import { Content } from "../../../sdk/proto/gen/content_pb.js";
import { FileSend, FileSync } from "../../../sdk/proto/gen/filesync_pb.js";
import { Secrets } from "../../../sdk/proto/gen/secrets_pb.js";
import { SSH } from "../../../sdk/proto/gen/ssh_pb.js";
import { Upload } from "../../../sdk/proto/gen/upload_pb.js";
import { createAuthService } from "../../../sdk/session/auth.ts";
import { contentReceiver, createFileSendService } from "../../../sdk/session/file-send.ts";
import { CALLS_LIMITS, FAILURES_LIMIT, REQUEST_LIMIT_BYTES, TOKENS_LIMIT } from "../../../sdk/session/limits.ts";
import { createSecretsService, type SecretValue } from "../../../sdk/session/secrets.ts";
import { readSingleRequest } from "../../../sdk/session/single-request.ts";
import { openDaemonSide } from "./daemon-side.ts";

const FILE_SEND = "/moby.filesync.v1.FileSend/DiffCopy";

test("limits are those of methods that there are", () => {
  const known = [Auth, Content, FileSend, FileSync, SSH, Upload].flatMap(({ typeName, methods }) =>
    methods.map(({ name }) => `/${typeName}/${name}`),
  );
  expect(known).toEqual(expect.arrayContaining(Object.keys(CALLS_LIMITS)));
});

test("an engine that opens one call after the other is refused at the limit, and served again below it", async () => {
  const limit = CALLS_LIMITS[FILE_SEND] ?? 0;
  const receive = contentReceiver(async (chunks) => {
    for await (const _ of chunks);
  });
  await using side = await openDaemonSide([createFileSendService(new Map([[0, receive]]))]);
  const open = () => side.client.bidi(FileSend.method.diffCopy);
  const calls = Array.from({ length: limit }, open);
  // They share a connection, so they come in this order.
  for (const call of calls) await call.send({ data: Buffer.from("x") });
  const drained = async (call: ReturnType<typeof open>): Promise<void> => {
    call.end();
    for await (const _ of call.messages);
  };
  await expect(drained(open())).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  const [first, ...others] = calls;
  if (first) await drained(first);
  await drained(open());
  await Promise.all(others.map(drained));
});

test("a request that does not come, or is too long, ends its call", async () => {
  const never: AsyncIterable<Uint8Array> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  const of = async function* (...messages: readonly Uint8Array[]) {
    yield* messages;
  };
  await expect(readSingleRequest({ messages: never }, 10)).rejects.toMatchObject({ status: "DEADLINE_EXCEEDED" });
  await expect(readSingleRequest({ messages: of() })).rejects.toMatchObject({ status: "INVALID_ARGUMENT" });
  const long = new Uint8Array(REQUEST_LIMIT_BYTES + 1);
  await expect(readSingleRequest({ messages: of(long) })).rejects.toMatchObject({ status: "RESOURCE_EXHAUSTED" });
  expect(await readSingleRequest({ messages: of(long.subarray(1)) })).toHaveLength(REQUEST_LIMIT_BYTES);
});

test("a secret that hangs or is too large fails its call, with a reason", async () => {
  let given: AbortSignal | undefined;
  const values = new Map<string, SecretValue>([
    ["large", new Uint8Array(SECRET_LIMIT_BYTES + 1)],
    ["largest", new Uint8Array(SECRET_LIMIT_BYTES)],
    [
      "hanging",
      async ({ signal }) => {
        given = signal;
        return await new Promise<never>(() => {});
      },
    ],
  ]);
  await using side = await openDaemonSide([createSecretsService(values, { answerTimeoutMs: 50 })]);
  const get = (ID: string) => side.client.unary(Secrets.method.getSecret, { ID });
  expect((await get("largest")).data).toHaveLength(SECRET_LIMIT_BYTES);
  for (const id of ["large", "hanging"]) await expect(get(id)).rejects.toMatchObject({ status: "UNKNOWN" });
  expect(side.session.failures).toMatchObject([
    { error: { code: "INPUT_SECRET_TOO_LARGE" } },
    { error: { code: "INPUT_SECRET_MISSING" } },
  ]);
  expect(given?.aborted).toBe(true);
});

test("failures are kept up to a number, the first ones", async () => {
  await using side = await openDaemonSide([createSecretsService(new Map())]);
  for (let index = 0; index < FAILURES_LIMIT + 5; index += 1) {
    await side.client.unary(Secrets.method.getSecret, { ID: `id-${index}` }).catch(() => undefined);
  }
  expect(side.session.failures).toHaveLength(FAILURES_LIMIT);
  expect(side.session.failures[0]).toMatchObject({ error: { message: expect.stringContaining("id-0") } });
});

test("tokens without end are forgotten, the oldest first", async () => {
  const asked: (readonly [scope: string | undefined, fresh: boolean | undefined])[] = [];
  const fetchToken = async ({ scopes }: TokenWish, options: { readonly fresh?: boolean | undefined } = {}) => {
    asked.push([scopes[0], options.fresh]);
    return { token: "t", lifeMs: 1000, issuedAtMs: 0 };
  };
  await using side = await openDaemonSide([createAuthService({ get: async () => undefined, fetchToken })]);
  const ask = (scope: number) => {
    const wish = { Host: "a.example", Realm: "https://a.example/", Service: "a", Scopes: [`repository:${scope}:pull`] };
    return side.client.unary(Auth.method.fetchToken, wish);
  };
  for (let scope = 0; scope <= TOKENS_LIMIT; scope += 1) await ask(scope);
  await ask(TOKENS_LIMIT);
  await ask(0);
  expect(asked.slice(-2)).toEqual([
    [`repository:${TOKENS_LIMIT}:pull`, true],
    ["repository:0:pull", false],
  ]);
});
