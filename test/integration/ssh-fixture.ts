import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import type { FileContent } from "./package-repository.ts";

/** An agent of OpenSSH with one key. Disposing it ends it. */
export interface TestAgent extends AsyncDisposable {
  readonly socket: string;
  /** As `ssh-add -L` writes it. */
  readonly publicKey: string;
  /** The private key's file. */
  readonly keyFile: string;
  /** What `ssh-add -L` says now. */
  list(): Promise<string>;
}

/** A socket that nobody answers at. */
export interface DeafAgent extends AsyncDisposable {
  readonly socket: string;
}

/** Starts an agent with a new key. */
export async function startAgent(type = "ed25519"): Promise<TestAgent> {
  const directory = await mkdtemp("/tmp/kitsmith-ssh-");
  const socket = join(directory, "agent.sock");
  const keyFile = join(directory, "key");
  await execa("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "test", "-f", keyFile]);
  const agent = execa("ssh-agent", ["-D", "-a", socket], { reject: false });
  const env = { SSH_AUTH_SOCK: socket };
  // The agent says nothing when it is ready.
  for (let attempt = 0; (await execa("ssh-add", [keyFile], { env, reject: false })).exitCode !== 0; attempt += 1) {
    if (attempt === 100) throw new Error("ssh-agent does not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    ...{ socket, keyFile },
    publicKey: (await readFile(`${keyFile}.pub`, "utf8")).trim(),
    list: async () => (await execa("ssh-add", ["-L"], { env, reject: false })).stdout,
    async [Symbol.asyncDispose]() {
      agent.kill();
      await agent;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Several agents with a key each. */
export async function startAgents(
  types: readonly string[],
): Promise<AsyncDisposable & { readonly agents: readonly TestAgent[] }> {
  const agents = await Promise.all(types.map((type) => startAgent(type)));
  return {
    agents,
    [Symbol.asyncDispose]: async () => void (await Promise.all(agents.map((agent) => agent[Symbol.asyncDispose]()))),
  };
}

/** Listens, and says nothing. */
export async function startDeafAgent(): Promise<DeafAgent> {
  const directory = await mkdtemp("/tmp/kitsmith-ssh-");
  const socket = join(directory, "deaf.sock");
  const connections = new Set<Socket>();
  const server = createServer((connection) => void connections.add(connection.on("error", () => {}).resume()));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The machine's own programs of OpenSSH with their libraries, below a directory. */
export async function sshFiles(
  directory: string,
  programs: readonly string[],
): Promise<Readonly<Record<string, FileContent>>> {
  const paths = new Set((await Promise.all(programs.map(filesOf))).flat());
  return Object.fromEntries(
    await Promise.all(
      [...paths].map(async (path) => [join(directory, path), { content: await readFile(path), mode: 0o755 }] as const),
    ),
  );
}

async function filesOf(program: string): Promise<readonly string[]> {
  const { stdout: which } = await execa("sh", ["-c", `command -v ${program}`]);
  const { stdout: libraries } = await execa("ldd", [which]);
  return [which, ...(libraries.match(/\/\S+(?= \(0x)/g) ?? [])];
}
