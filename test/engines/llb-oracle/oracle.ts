import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { GraphDescription } from "./graph.ts";

/** What BuildKit's own client made of a graph. */
export interface OracleAnswer {
  /** Base64. */
  readonly def: readonly string[] | null;
  readonly metadata: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly error?: string;
}

const SOURCE = import.meta.dirname;
const CACHE = join(SOURCE, "../../../node_modules/.cache/kitsmith-llb-oracle");
const ENVIRONMENT = ["HOME", "PATH", "GOCACHE", "GOFLAGS", "GOMODCACHE", "GOPATH", "GOPROXY", "GONOSUMDB", "GOSUMDB"];

/** Builds the Go program, where it has changed, and gives its path. */
export async function buildOracle(): Promise<string> {
  const program = join(CACHE, "llb-oracle");
  await mkdir(CACHE, { recursive: true });
  try {
    await promisify(execFile)("go", ["build", "-o", program, "."], { cwd: SOURCE, env: goEnvironment() });
  } catch (cause) {
    throw new Error("The comparison with BuildKit's own client needs Go (see docs/testing.md), and its modules once.", {
      cause,
    });
  }
  return program;
}

/** Has each graph marshalled by BuildKit's own client. */
export async function askOracle(program: string, graphs: readonly GraphDescription[]): Promise<OracleAnswer[]> {
  const lines = await runOracle(
    program,
    [],
    graphs.map((graph) => JSON.stringify(graph)),
  );
  return lines.map((line): OracleAnswer => JSON.parse(line));
}

/** What `buildctl debug dump-llb` prints for encoded definitions. */
export async function askOracleForDumps(program: string, definitions: readonly Uint8Array[]): Promise<string[]> {
  const encoded = definitions.map((bytes) => Buffer.from(bytes).toString("base64"));
  const lines = await runOracle(program, ["dump"], encoded);
  return lines.map((line): string => JSON.parse(line));
}

async function runOracle(program: string, args: readonly string[], input: readonly string[]): Promise<string[]> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], env: {} });
  const output = readAll(child);
  child.stdin.end(input.join("\n"));
  return (await output).trim().split("\n");
}

async function readAll(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => (status === 0 ? resolve() : reject(new Error(`the oracle ended with ${status}`))));
  });
  return Buffer.concat(chunks).toString("utf8");
}

function goEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(ENVIRONMENT.flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])));
}
