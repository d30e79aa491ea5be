import { expect, test } from "vitest";
import { GraphError } from "../../../../sdk/core/errors.ts";
import { decodeOp } from "../../../../sdk/llb/decoding/op-decoder.ts";
import { llb, marshal, type State } from "../../../../sdk/llb/index.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const OPTIONS = { platform: "linux/amd64" };

function sourceOf(state: State, options: { sessionId?: string } = {}): { identifier: string; attributes: object } {
  const [bytes] = marshal(state, { ...OPTIONS, ...options }).ops;
  const body = decodeOp(bytes ?? new Uint8Array()).body;
  if (body?.kind !== "source") throw new TypeError("not a source");
  return { identifier: body.identifier, attributes: body.attributes };
}

test.each([
  ["alpine", "docker.io/library/alpine:latest"],
  ["alpine:3.20", "docker.io/library/alpine:3.20"],
  [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`],
  [`a/b:t@${DIGEST}`, `docker.io/a/b:t@${DIGEST}`],
  ["localhost/x", "localhost/x:latest"],
  ["localhost:5000/x:1", "localhost:5000/x:1"],
  ["ghcr.io/a/b", "ghcr.io/a/b:latest"],
  ["index.docker.io/x", "docker.io/library/x:latest"],
])("the reference %s means %s", (reference, normalized) => {
  expect(sourceOf(llb.image(reference)).identifier).toBe(`docker-image://${normalized}`);
});

test("a git URL names the same source by https and by ssh", () => {
  const https = sourceOf(llb.git("https://github.com/a/b.git#v1:sub"));
  const ssh = sourceOf(llb.git("git@github.com:a/b.git", { ref: "v1", subdir: "sub" }));
  expect(https.identifier).toBe("git://github.com/a/b.git#v1:sub");
  expect(ssh.identifier).toBe(https.identifier);
  expect(ssh.attributes).toMatchObject({ "git.fullurl": "git@github.com:a/b.git", "git.mountsshsock": "default" });
});

test("a local source says which session serves it only when that is known, and is never made unique", () => {
  expect(sourceOf(llb.local("context")).attributes).toEqual({});
  expect(sourceOf(llb.local("context"), { sessionId: "s" }).attributes).toEqual({ "local.session": "s" });
  expect(sourceOf(llb.local("context", { sessionId: "own" }), { sessionId: "s" }).attributes).toEqual({
    "local.session": "own",
  });
});

test("attributes that a git signature needs", () => {
  const state = llb.git("https://host/a", { signature: { publicKey: "KEY", requireSignedTag: true } });
  expect(sourceOf(state).attributes).toMatchObject({ "git.sig.pubkey": "KEY", "git.sig.requiresignedtag": "true" });
});

test.each<readonly [string, () => unknown]>([
  ["an upper-case repository", () => llb.image("docker.io/Alpine")],
  ["a bare digest", () => llb.image("a".repeat(64))],
  ["two digests", () => llb.image(`a@${DIGEST}@${DIGEST}`)],
  ["a short digest", () => llb.image("a@sha256:abc")],
  ["an empty reference", () => llb.image("")],
  ["a layer limit of zero", () => llb.image("a", { layerLimit: 0 })],
  ["a checksum that is none", () => llb.image("a", { checksum: "abc" })],
  ["a password in a git URL", () => llb.git("https://me:secret@host/a")],
  ["an unknown scheme", () => llb.git("ftp://host/a")],
  ["a git URL without host", () => llb.git("https:///a")],
  [
    "a bundle without checksum",
    () => llb.git("https://host/a", { bundle: { locator: `docker-image+blob://x@${DIGEST}` } }),
  ],
  ["a bundle of a sub-directory", () => llb.git("https://host/a#:sub", { checkoutBundle: true })],
  ["a download from a file", () => llb.http("file:///etc/passwd")],
  ["a file name with a path", () => llb.http("https://host/a", { filename: "../a" })],
  ["an OCI layout without digest", () => llb.ociLayout("store:1")],
  ["a blob with a tag", () => llb.imageBlob(`a:1@${DIGEST}`)],
  ["a blob without digest", () => llb.imageBlob("a")],
  ["a local source without name", () => llb.local("")],
  ["a definition in scratch", () => llb.solveFile(llb.scratch())],
  ["a passthrough of scratch", () => llb.passthrough("id", [{ state: llb.scratch(), output: true }])],
  ["a passthrough without id", () => llb.passthrough("", [{ state: llb.image("a"), output: true }])],
])("refuses: %s", (_name, build) => {
  expect(build).toThrow(GraphError);
});

test("an error about a git URL does not repeat its password", () => {
  expect(() => llb.git("https://me:hunter2@host/a")).not.toThrow(/hunter2/);
});
