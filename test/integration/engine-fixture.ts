import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inject } from "vitest";
import { connectEngine } from "../../sdk/engine/connect-engine.ts";
import type { BuildJob, Engine, JobOptions } from "../../sdk/engine/engine.ts";
import { imageConfig, llb, marshal, type State } from "../../sdk/llb/index.ts";
import type { DefinitionInput, FrontendInput } from "../../sdk/lower/solve-request.ts";
import { createFileSyncService } from "../../sdk/session/filesync.ts";
import { testTools } from "../engines/test-tools.ts";

/** The kinds of engines that the suite runs against. */
export const KINDS = ["buildkit", "docker"] as const;
/** One of them. */
export type Kind = (typeof KINDS)[number];

/** Connects to the shared engine of a kind. */
export async function connectShared(kind: Kind): Promise<Engine> {
  return await connectEngine(inject(kind === "buildkit" ? "buildkitAddress" : "dockerAddress"), { kind });
}

/** Opens a job without outputs and services; give what is needed. */
export async function openTestJob(engine: Engine, options: Partial<JobOptions> = {}): Promise<BuildJob> {
  return await engine.openJob({ exporters: [], services: [], sharedKey: "", ...options });
}

/** A graph of our own with the config that goes with it. */
export function graphInput(state: State): DefinitionInput {
  const platform = { os: "linux", architecture: "amd64" };
  return {
    kind: "definition",
    definition: marshal(state, { platform }),
    imageConfig: imageConfig(state, { platform }),
  };
}

/** A root with one file. */
export function helloState(text = "hello"): State {
  return llb.scratch().mkfile("/hello", text);
}

/** A build context on disk, with the static busybox of this machine as `busybox`. */
export interface TestContext extends AsyncDisposable {
  readonly directory: string;
  /** Serves it as context and as the Dockerfile's place. */
  readonly services: JobOptions["services"];
}

/** Writes a context. */
export async function createTestContext(files: Readonly<Record<string, string>>): Promise<TestContext> {
  const directory = await mkdtemp("/tmp/kitsmith-context-");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  await cp(testTools().busybox.amd64, join(directory, "busybox"), { dereference: true });
  const root = { layers: [{ directory, prefix: "" }] };
  const locals = ["context", "dockerfile"].map((name) => ({ name, root, ignoreFiles: false }));
  return {
    directory,
    services: [createFileSyncService(locals)],
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** A build of the context's Dockerfile, whose steps have no network. */
export function dockerfileInput(options: Readonly<Record<string, string>> = {}): FrontendInput {
  return { kind: "frontend", frontend: "dockerfile.v0", options: { "force-network-mode": "none", ...options } };
}

/** A Dockerfile that runs shell commands with busybox. */
export function shellDockerfile(...commands: readonly string[]): string {
  const runs = commands.map((command) => `RUN ${command}`);
  return ["FROM scratch", "COPY busybox /bin/", 'RUN ["/bin/busybox", "--install", "/bin"]', ...runs, ""].join("\n");
}
