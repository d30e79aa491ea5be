import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callCommand } from "./command-call.ts";
import { comparableAnswer, type PeerAnswer } from "./peer-answer.ts";
import { PEER_CASES } from "./peer-cases.ts";
import { createPeerRepository, type PeerRepository } from "./peer-repository.ts";

const golden: { readonly recordedFrom: string; readonly answers: readonly (PeerAnswer & { args: unknown })[] } =
  JSON.parse(readFileSync(new URL("golden/peer.json", import.meta.url), "utf8"));
const CASES = PEER_CASES.map((peerCase, index) => {
  const name = [...peerCase.args, ...(peerCase.state ? [`(${peerCase.state})`] : [])].join(" ");
  const environment = Object.entries(peerCase.env ?? {}).map(([key, value]) => `${key}=${value} `);
  return { ...peerCase, index, name: `${environment.join("")}${name}` };
});

let repository: PeerRepository;
let cache: string;
const before = process.env.TZ;
beforeAll(() => {
  process.env.TZ = "UTC";
  repository = createPeerRepository();
  cache = mkdtempSync(join(tmpdir(), "kitsmith-peer-cache-"));
});
afterAll(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
  repository[Symbol.dispose]();
  rmSync(cache, { recursive: true, force: true });
});

test("the recorded answers are of these calls", () => {
  expect(golden.answers.map(({ args }) => args)).toEqual(PEER_CASES.map(({ args }) => args));
  expect(golden.recordedFrom).toMatch(/^linuxkit version v1\.8\.2-57-g3bf33c3a1/);
});

describe("the LinuxKit CLI's own answers", () => {
  test.each(CASES)("$name", async ({ args, env, state, index, differs }) => {
    const { root } = repository;
    repository.enter(state);
    const words = args.map((arg) => arg.replaceAll("{root}", root));
    const { status, stdout, stderr } = await callCommand(["--cache", cache, ...words], env);
    const { status: peerStatus, lines } = golden.answers[index] ?? { status: -1, lines: [] };
    if (differs) expect({ status, why: stderr }).toMatchObject({ status: differs.status });
    else expect({ ...comparableAnswer(status, stdout, root), stderr }).toMatchObject({ status: peerStatus, lines });
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(4);
  });
});
