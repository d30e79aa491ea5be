import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FluentPackage, fromFile, fromValue, llb, pkg } from "kitsmith";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { BOTH_ENGINES } from "./package-bench.ts";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { eventOf, eventsOf, failureOf, loggedText, shellPackage } from "./run-fixture.ts";
import { sshFiles, startAgent, startAgents, startDeafAgent, type TestAgent } from "./ssh-fixture.ts";

const KEY_TYPES = ["ed25519", "rsa", "ecdsa"] as const;
/** Signs with the agent, and has the signature checked. */
const SIGN =
  "ssh-keygen -Y sign -n file -f /KEY.pub < /etc/data > /sig && ssh-keygen -Y check-novalidate -n file -s /sig < /etc/data && echo KEY signs";

describe.each(BOTH_ENGINES)("ssh agents on %s", (_name, engine) => {
  let cacheDirectory: string;
  let repository: PackageRepository;
  let agent: TestAgent;

  const open = (path: string): FluentPackage =>
    pkg(join(repository.directory, path)).noCache().engines(engine).platforms("linux/amd64");
  const build = (fluent: FluentPackage) => fluent.build({ cacheDirectory, force: true });

  beforeAll(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kitsmith-ssh-cache-"));
    agent = await startAgent();
    const steps = {
      list: "RUN --mount=type=ssh ssh-add -L && ssh-add -T key.pub && echo it signs",
      change: "RUN --mount=type=ssh ssh-add -D || echo refused",
      named: "RUN --mount=type=ssh,id=deploy ssh-add -L",
      optional: "RUN --mount=type=ssh,id=other echo nothing is asked",
    };
    const packages = Object.entries(steps).map(async ([path, step]) => ({
      ...(await shellPackage(path, ["COPY root /", "COPY key.pub /", step])),
      ...(await sshFiles(`${path}/root`, ["ssh-add"])),
      [`${path}/key.pub`]: `${agent.publicKey}\n`,
    }));
    repository = await createRepository(Object.assign({}, ...(await Promise.all(packages))));
  });
  afterEach(() => vi.unstubAllEnvs());
  afterAll(async () => {
    await agent?.[Symbol.asyncDispose]();
    await repository?.[Symbol.asyncDispose]();
    if (cacheDirectory) await rm(cacheDirectory, { recursive: true, force: true });
  });

  test("a step lists the keys of the user's agent and signs with them", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", agent.socket);
    const run = build(open("list").ssh());
    await run;
    const log = await loggedText(run);
    expect(log).toContain(agent.publicKey);
    expect(log).toContain("it signs");
  });

  test("a step cannot change the agent, unless it is given raw", async () => {
    const run = build(open("change").ssh({ default: agent.socket }));
    await run;
    expect(await loggedText(run)).toContain("refused");
    expect(await agent.list()).toBe(agent.publicKey);

    await using other = await startAgent();
    await build(open("change").ssh({ default: { socket: other.socket, raw: true } }));
    expect(await other.list()).not.toContain("ssh-ed25519");
  });

  test("agents have names; one that was not given is not there", async () => {
    const run = build(open("named").ssh({ default: "/nowhere", deploy: agent.socket }));
    expect((await failureOf(run)).code).toBe("INPUT_SSH_AGENT_UNUSABLE");
    const named = build(open("named").ssh({ deploy: agent.socket }));
    await named;
    expect(await loggedText(named)).toContain(agent.publicKey);
    await build(open("optional").ssh({ deploy: agent.socket }));
  });

  test("a step lists and signs with keys that this process holds", async () => {
    await using others = await startAgents(KEY_TYPES);
    const publicKeys = others.agents.map(({ publicKey }) => publicKey);
    const signing = KEY_TYPES.map((type) => SIGN.replaceAll("KEY", type)).join(" && ");
    await using files = await createRepository({
      ...(await shellPackage("held", [
        ...["COPY root /", "COPY keys /", "RUN echo root:x:0:0::/:/bin/sh > /etc/passwd"],
        `RUN --mount=type=ssh,id=deploy ssh-add -L && ${signing}; ssh-add -D && echo changed || true`,
      ])),
      ...(await sshFiles("held/root", ["ssh-add", "ssh-keygen"])),
      ...Object.fromEntries(KEY_TYPES.map((type, index) => [`held/keys/${type}.pub`, `${publicKeys[index]}\n`])),
      "held/keys/etc/data": "what is signed",
    });
    const held = pkg(join(files.directory, "held")).noCache().engines(engine).platforms("linux/amd64");
    const keys = others.agents.map(({ keyFile }) => fromFile(keyFile));
    const run = build(held.ssh({ deploy: { keys } }));
    await run;
    const log = await loggedText(run);
    for (const publicKey of publicKeys) expect(log).toContain(publicKey);
    for (const type of KEY_TYPES) expect(log).toContain(`${type} signs`);
    expect(log).not.toContain("changed");
  });

  test("a key that cannot be used is told before anything is built", async () => {
    const keys = [fromValue("no key")];
    const run = build(open("list").ssh({ default: { keys } }));
    expect((await failureOf(run)).code).toBe("INPUT_SSH_AGENT_UNUSABLE");
    expect((await eventsOf(run)).filter(({ type }) => type === "node.started")).toEqual([]);
    const missing = build(open("list").ssh({ default: { keys: [fromFile("/nowhere")] } }));
    expect((await failureOf(missing)).code).toBe("INPUT_SECRET_MISSING");
  });

  test("a missing agent is told before anything is built", async () => {
    vi.stubEnv("SSH_AUTH_SOCK", undefined);
    const notSet = build(open("list").ssh());
    expect((await failureOf(notSet)).code).toBe("INPUT_SSH_AGENT_UNUSABLE");
    vi.stubEnv("SSH_AUTH_SOCK", cacheDirectory);
    const noSocket = build(open("list").ssh());
    expect((await failureOf(noSocket)).code).toBe("INPUT_SSH_AGENT_UNUSABLE");
    expect((await eventsOf(noSocket)).filter(({ type }) => type === "node.started")).toEqual([]);
  });

  test("an agent that does not answer fails the step, and never outlives a canceled run", async () => {
    await using deaf = await startDeafAgent();
    const late = build(open("list").ssh({ default: { socket: deaf.socket, answerTimeoutMs: 500 } }));
    expect((await failureOf(late)).cause).toMatchObject({ code: "INPUT_SSH_AGENT_UNUSABLE" });

    const waiting = build(open("list").ssh({ default: { socket: deaf.socket, raw: true } }));
    await eventOf(
      waiting,
      (event) => event.type === "vertex" && event.name.includes("ssh-add") && "startedAt" in event,
    );
    waiting.cancel();
    expect((await failureOf(waiting)).code).toBe("RUN_CANCELED");
  });

  test("a recipe's step talks to it", async () => {
    const recipe = pkg({
      directory: join(repository.directory, "list"),
      image: "recipe",
      recipe: ({ context }) =>
        llb
          .scratch()
          .copy(context("root"), "/")
          .copy(context().path("busybox"), "/bin/sh")
          .run("ssh-add -L", { mounts: [llb.sshMount({ dest: "/agent" })], env: { SSH_AUTH_SOCK: "/agent" } }),
    });
    const run = build(recipe.engines(engine).platforms("linux/amd64").noCache().ssh({ default: agent.socket }));
    await run;
    expect(await loggedText(run)).toContain(agent.publicKey);
  });
});
