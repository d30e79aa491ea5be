import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineChoice, engines, type FluentPackage, llb, pkg } from "kitsmith";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from "vitest";
import { createRepository, type PackageRepository } from "./package-repository.ts";
import { eventOf, eventsOf, failureOf, loggedText, shellPackage } from "./run-fixture.ts";
import { sshAddFiles, startAgent, startDeafAgent, type TestAgent } from "./ssh-fixture.ts";

/** Both ways into BuildKit. */
const ENGINES: readonly (readonly [string, EngineChoice])[] = [
  ["buildkitd", engines.buildkit(inject("buildkitAddress"))],
  ["dockerd", engines.docker({ host: inject("dockerAddress") })],
];

describe.each(ENGINES)("ssh agents on %s", (_name, engine) => {
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
      ...(await sshAddFiles(`${path}/root`)),
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
