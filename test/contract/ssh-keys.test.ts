import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeAgentMessages, encodeAgentMessage } from "../../sdk/session/ssh-agent-protocol.ts";
import { createKeyAgent } from "../../sdk/session/ssh-keys/key-agent.ts";
import { parsePrivateKey } from "../../sdk/session/ssh-keys/private-key.ts";
import type { SshKey } from "../../sdk/session/ssh-keys/ssh-key.ts";
import { encodeNumber, encodeString, encodeUint32, SshReader } from "../../sdk/session/ssh-keys/wire-format.ts";

const KINDS = [
  ["ed25519", 0, ["-t", "ed25519"], "ssh-ed25519"],
  ["rsa with sha2-256", 2, ["-t", "rsa", "-b", "2048"], "rsa-sha2-256"],
  ["rsa with sha2-512", 4, ["-t", "rsa", "-b", "2048"], "rsa-sha2-512"],
  ["ecdsa 256", 0, ["-t", "ecdsa", "-b", "256"], "ecdsa-sha2-nistp256"],
  ["ecdsa 384", 0, ["-t", "ecdsa", "-b", "384"], "ecdsa-sha2-nistp384"],
  ["ecdsa 521", 0, ["-t", "ecdsa", "-b", "521"], "ecdsa-sha2-nistp521"],
] as const;
const HASHES: Readonly<Record<string, string>> = {
  "rsa-sha2-256": "sha256",
  "rsa-sha2-512": "sha512",
  "ecdsa-sha2-nistp256": "sha256",
  "ecdsa-sha2-nistp384": "sha384",
  "ecdsa-sha2-nistp521": "sha512",
};
const DATA = Buffer.from("what is to be signed");

let directory: string;
let count = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "kitsmith-keys-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Has OpenSSH make a key; gives its file. */
function generate(args: readonly string[], passphrase = ""): string {
  count += 1;
  const file = join(directory, `key-${count}`);
  execFileSync("ssh-keygen", ["-q", ...args, "-N", passphrase, "-C", "a comment", "-f", file]);
  return file;
}
function parse(file: string, passphrase?: string): SshKey {
  return parsePrivateKey(readFileSync(file), { origin: file, ...(passphrase === undefined ? {} : { passphrase }) });
}
/** The public key as OpenSSH wrote it. */
function publicKey(file: string): KeyObject {
  const blob = publicBlob(file);
  if (!blob.includes("ssh-ed25519")) {
    return createPublicKey(
      execFileSync("ssh-keygen", ["-e", "-m", "PKCS8", "-f", `${file}.pub`], { encoding: "utf8" }),
    );
  }
  const jwk = { kty: "OKP", crv: "Ed25519", x: blob.subarray(-32).toString("base64url") };
  return createPublicKey({ key: jwk, format: "jwk" });
}
function publicBlob(file: string): Buffer {
  return Buffer.from(readFileSync(`${file}.pub`, "utf8").split(" ")[1] ?? "", "base64");
}
function failureOf(parse: () => unknown): unknown {
  try {
    return parse();
  } catch (error) {
    return error;
  }
}

describe.each(KINDS)("a key of %s", (_, flags, args, algorithm) => {
  /** Checks a signature against the public key as OpenSSH writes it for others. */
  function isValid(file: string, signed: Uint8Array | undefined): boolean {
    if (signed === undefined) return false;
    const reader = new SshReader(signed);
    expect(reader.text()).toBe(algorithm);
    const blob = reader.string();
    const key = publicKey(file);
    if (!algorithm.startsWith("ecdsa")) return verify(HASHES[algorithm] ?? null, DATA, key, blob);
    const numbers = new SshReader(blob);
    const sizeBytes = Math.ceil(Number(algorithm.slice(-3)) / 8);
    const halves = [numbers.number(), numbers.number()].map((half) =>
      Buffer.concat([Buffer.alloc(sizeBytes - half.byteLength), half]),
    );
    return verify(HASHES[algorithm], DATA, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat(halves));
  }

  test("is read from OpenSSH's format, with its comment, and signs", () => {
    const file = generate(args);
    const key = parse(file);
    expect(key.publicBlob).toEqual(publicBlob(file));
    expect(key.comment).toBe("a comment");
    for (let round = 0; round < 5; round += 1) expect(isValid(file, key.sign(DATA, flags))).toBe(true);
  });
});

describe("a key in PEM", () => {
  test.each(["PEM", "PKCS8"])("is read from what OpenSSH writes as %s", (format) => {
    const file = generate(["-t", "rsa", "-b", "2048", "-m", format]);
    expect(readFileSync(file, "utf8")).not.toContain("OPENSSH");
    expect(parse(file).publicBlob).toEqual(publicBlob(file));
    expect(parse(file).comment).toBe(file);
  });

  test.each([
    ["ed25519", generateKeyPairSync("ed25519").privateKey],
    ["ecdsa-sha2-nistp384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
  ] as const)("is read from PKCS#8: %s", (name, key) => {
    const pem = Buffer.from(key.export({ type: "pkcs8", format: "pem" }));
    expect(parsePrivateKey(pem, { origin: "here" }).publicBlob.toString("latin1")).toContain(name);
  });

  test("that is encrypted needs its passphrase", () => {
    const file = generate(["-t", "rsa", "-b", "2048", "-m", "PKCS8"], "open it");
    expect(parse(file, "open it").publicBlob).toEqual(publicBlob(file));
    expect(failureOf(() => parse(file))).toMatchObject({ code: "INPUT_SSH_AGENT_UNUSABLE" });
    expect(failureOf(() => parse(file, "wrong"))).toMatchObject({ code: "INPUT_SSH_AGENT_UNUSABLE" });
  });
});

describe("what is refused", () => {
  const unusable = { code: "INPUT_SSH_AGENT_UNUSABLE", hint: expect.any(String) };
  const textOf = (file: string): string => readFileSync(file, "utf8");
  const read = (text: string): unknown => failureOf(() => parsePrivateKey(Buffer.from(text), { origin: "here" }));

  test("a key of OpenSSH's format with a passphrase, for which the hint names the agent", () => {
    const file = generate(["-t", "ed25519"], "open it");
    expect(failureOf(() => parse(file, "open it"))).toMatchObject(unusable);
    expect(failureOf(() => parse(file))).toMatchObject({ hint: expect.stringContaining("ssh-add") });
  });

  test("a public key, another kind of key, another file", () => {
    expect(read(textOf(`${generate(["-t", "ed25519"])}.pub`))).toMatchObject(unusable);
    expect(read("")).toMatchObject(unusable);
    expect(read("hello")).toMatchObject(unusable);
    const foreign = generateKeyPairSync("ed448").privateKey.export({ type: "pkcs8", format: "pem" });
    expect(read(String(foreign))).toMatchObject(unusable);
  });

  test("a key that is cut short, without a word of it in the error", () => {
    const lines = textOf(generate(["-t", "ed25519"])).split("\n");
    for (let kept = 1; kept < lines.length - 3; kept += 1) {
      const cut = [lines[0], ...lines.slice(1, 1 + kept).map((line) => line.slice(0, 40)), lines.at(-2), ""].join("\n");
      const error = read(cut);
      expect(error).toMatchObject({ code: "INPUT_SSH_AGENT_UNUSABLE" });
      expect(JSON.stringify(error) + String(error)).not.toContain(lines[2]);
    }
  });
});

describe("an agent with keys", () => {
  /** What it answers to requests, one after the other. */
  async function ask(keys: readonly SshKey[], ...requests: readonly Uint8Array[]): Promise<readonly Buffer[]> {
    const sent: Uint8Array[] = [];
    async function* chunks() {
      for (const request of requests) yield encodeAgentMessage(request);
    }
    const send = async (bytes: Uint8Array): Promise<void> => void sent.push(bytes);
    await createKeyAgent(async () => keys)({ chunks: chunks(), send, signal: new AbortController().signal });
    const answers: Buffer[] = [];
    for await (const answer of decodeAgentMessages(listed(sent))) answers.push(Buffer.from(answer));
    return answers;
  }
  async function* listed(all: readonly Uint8Array[]) {
    yield* all;
  }
  const signRequest = (blob: Uint8Array, flags = 0): Buffer =>
    Buffer.concat([Uint8Array.of(13), encodeString(blob), encodeString(DATA), encodeUint32(flags)]);
  const FAILURE = [Buffer.of(5)];

  test("lists them and signs with the one that is asked for", async () => {
    const files = [generate(["-t", "ed25519"]), generate(["-t", "ecdsa"])];
    const keys = files.map((file) => parse(file));
    const [list, signed] = await ask(keys, Buffer.of(11), signRequest(publicBlob(files[1] ?? "")));
    const reader = new SshReader(list?.subarray(1) ?? Buffer.alloc(0));
    expect([list?.[0], reader.uint32()]).toEqual([12, 2]);
    expect([reader.string(), reader.text()]).toEqual([publicBlob(files[0] ?? ""), "a comment"]);
    expect(signed?.[0]).toBe(14);
    const signature = new SshReader(new SshReader(signed?.subarray(1) ?? Buffer.alloc(0)).string());
    expect(signature.text()).toBe("ecdsa-sha2-nistp256");
  });

  test("refuses all else: keys that it has not, SHA-1, requests that are cut short, changes", async () => {
    const rsa = generate(["-t", "rsa", "-b", "2048"]);
    const keys = [parse(rsa)];
    expect(await ask(keys, signRequest(Buffer.from("other")))).toEqual(FAILURE);
    expect(await ask(keys, signRequest(publicBlob(rsa)))).toEqual(FAILURE);
    expect(await ask(keys, signRequest(publicBlob(rsa), 2).subarray(0, -3))).toEqual(FAILURE);
    expect(await ask(keys, Buffer.of(19))).toEqual(FAILURE);
  });
});

test("numbers are written as ssh writes them", () => {
  expect(encodeNumber(Buffer.of(0, 0, 0x80))).toEqual(Buffer.of(0, 0, 0, 2, 0, 0x80));
  expect(encodeNumber(Buffer.of(0, 1))).toEqual(Buffer.of(0, 0, 0, 1, 1));
  expect(encodeNumber(Buffer.of(0))).toEqual(Buffer.of(0, 0, 0, 0));
});
