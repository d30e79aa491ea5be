import { expect, test } from "vitest";
import { type ActionsCacheV2, startActionsCacheV2 } from "../engines/actions-cache-v2.ts";

const SERVICE = "twirp/github.actions.results.api.v1.CacheService";
const WISH = { key: "k#1", version: "v" };

async function call(cache: ActionsCacheV2, method: string, body: unknown, token = cache.token) {
  const answer = await fetch(`${cache.url}${SERVICE}/${method}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const given: Readonly<Record<"signed_upload_url" | "signed_download_url", string>> = JSON.parse(await answer.text());
  return { status: answer.status, body: given };
}

const put = (url: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(url, { method: "PUT", body, headers });

async function create(cache: ActionsCacheV2): Promise<string> {
  const { body } = await call(cache, "CreateCacheEntry", WISH);
  return body.signed_upload_url;
}

test("an entry goes up in blocks, is found by the beginning of its key, and comes down in ranges", async () => {
  await using cache = await startActionsCacheV2();
  const url = await create(cache);
  for (const [id, text] of [
    ["Mg==", "world"],
    ["MQ==", "hello "],
  ] as const) {
    expect((await put(`${url}&comp=block&blockid=${encodeURIComponent(id)}`, text)).status).toBe(201);
  }
  const list = "<BlockList><Latest>MQ==</Latest><Latest>Mg==</Latest></BlockList>";
  expect((await put(`${url}&comp=blocklist`, list)).status).toBe(201);
  const lookUp = { key: "k#", restore_keys: ["k#"], version: "v" };
  expect((await call(cache, "GetCacheEntryDownloadURL", lookUp)).body).toEqual({ ok: false });
  expect(await call(cache, "FinalizeCacheEntryUpload", { ...WISH, size_bytes: 11 })).toMatchObject({
    body: { ok: true },
  });
  const { body } = await call(cache, "GetCacheEntryDownloadURL", lookUp);
  expect(body).toMatchObject({ ok: true, matched_key: "k#1" });
  expect(await (await fetch(body.signed_download_url)).text()).toBe("hello world");
  const part = await fetch(body.signed_download_url, { headers: { "x-ms-range": "bytes=6-" } });
  expect({ status: part.status, text: await part.text() }).toEqual({ status: 206, text: "world" });
  expect(cache.keys).toEqual(["k#1"]);
});

test("what the service refuses is refused", async () => {
  await using cache = await startActionsCacheV2();
  const url = await create(cache);
  const whole = { "x-ms-blob-type": "BlockBlob" };
  expect((await call(cache, "CreateCacheEntry", WISH)).status).toBe(409);
  expect((await call(cache, "CreateCacheEntry", WISH, "other")).status).toBe(401);
  expect((await call(cache, "FinalizeCacheEntryUpload", { ...WISH, size_bytes: 0 })).status).toBe(400);
  expect((await put(url.replace(/sig=./, "sig=x"), "text", whole)).status).toBe(403);
  expect((await put(url, "text")).status).toBe(400);
  expect((await put(`${url}&comp=blocklist`, "<BlockList><Latest>none</Latest></BlockList>")).status).toBe(400);
  expect((await put(url, "text", whole)).status).toBe(201);
  expect((await call(cache, "FinalizeCacheEntryUpload", { ...WISH, size_bytes: 3 })).status).toBe(400);
  expect((await call(cache, "DeleteCacheEntry", WISH)).status).toBe(404);
  expect(cache.keys).toEqual([]);
});
