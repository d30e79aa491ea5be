// Writes golden/peer.json from the answers of the LinuxKit CLI:
// node --import tsx test/conformance/record-peer.ts PATH-OF-LINUXKIT
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { comparableAnswer } from "./peer-answer.ts";
import { PEER_CASES } from "./peer-cases.ts";
import { createPeerRepository } from "./peer-repository.ts";

const [program = "linuxkit"] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), "kitsmith-peer-home-"));
using repository = createPeerRepository();
const answers = PEER_CASES.map(({ args, env = {}, state }) => {
  repository.enter(state);
  const { status, stdout } = spawnSync(
    program,
    args.map((arg) => arg.replaceAll("{root}", repository.root)),
    { cwd: repository.root, encoding: "utf8", env: { PATH: process.env.PATH, HOME: home, TZ: "UTC", ...env } },
  );
  return { args, ...(state ? { state } : {}), env, ...comparableAnswer(status ?? -1, stdout, repository.root) };
});
rmSync(home, { recursive: true, force: true });
const golden = { recordedFrom: execFileSync(program, ["version"], { encoding: "utf8" }).trim(), answers };
writeFileSync(new URL("golden/peer.json", import.meta.url), `${JSON.stringify(golden, undefined, 1)}\n`);
