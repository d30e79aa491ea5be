import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { clientProgram } from "./client-program.ts";
import { sampleOf } from "./measurement.ts";
import type { Figure } from "./results.ts";
import { reportFigure } from "./results.ts";

/** What a process took. */
export interface ProcessUse {
  /** What it measured itself, else from its start to its end. */
  readonly timeMs: number;
  /** Processor time and the most memory, start included; zero for programs that are not Node's. */
  readonly cpuMs: number;
  readonly peakBytes: number;
}

/** Tells at the end of a process of Node what it took; its own figures stand beside what it prints. */
const METER = `import{writeFileSync}from"node:fs";process.on("exit",()=>{const{maxRSS,userCPUTime,systemCPUTime}=process.resourceUsage();
writeFileSync(process.env.KITSMITH_BENCH_METER,JSON.stringify({peakBytes:maxRSS*1024,cpuMs:(userCPUTime+systemCPUTime)/1000}))})`;

/** Runs the client of a bench in a process of its own; it prints the milliseconds that it measured. */
export async function runClient(bench: string, ...parameters: readonly string[]): Promise<ProcessUse> {
  return await runProgram(process.execPath, [await clientProgram(bench), "client", ...parameters]);
}

/** A client that stays, with its modules loaded. */
export interface Client extends AsyncDisposable {
  /** Has it do a piece of work; gives the milliseconds that it measured. */
  work(parameters: object): Promise<number>;
}

/** Starts the client of a bench, which takes a line of JSON for each piece of work and prints the milliseconds that it took. */
export async function startClient(bench: string): Promise<Client> {
  const child = spawn(process.execPath, [await clientProgram(bench), "client"], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async work(parameters) {
      child.stdin.write(`${JSON.stringify(parameters)}\n`);
      const { value, done } = await answers.next();
      if (done) throw new Error(`the client of ${bench} has ended with ${await exited}`);
      return Number(value);
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

/** In the client itself: does each piece of work that it is asked for. */
export async function serveWork<Parameters>(work: (parameters: Parameters) => Promise<unknown>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const parameters: Parameters = JSON.parse(line);
    const start = performance.now();
    await work(parameters);
    console.log(performance.now() - start);
  }
}

/** Runs a program and fails if it does. */
export async function runProgram(command: string, argv: readonly string[], input?: Uint8Array): Promise<ProcessUse> {
  const directory = mkdtempSync(join(tmpdir(), "kitsmith-meter-"));
  const meter = join(directory, "meter");
  const startedAt = performance.now();
  try {
    const isNode = command === process.execPath;
    const options = isNode ? ["--import", `data:text/javascript,${encodeURIComponent(METER)}`] : [];
    const env = { ...process.env, KITSMITH_BENCH_METER: meter };
    const child = spawn(command, [...options, ...argv], { stdio: ["pipe", "pipe", "pipe"], env });
    let [output, errors] = ["", ""];
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (errors += chunk));
    child.stdin.end(input);
    const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
    const timeMs = performance.now() - startedAt;
    if (status !== 0) throw new Error(`${command} ${argv.join(" ")}: ${errors}`);
    const own = Number(output.trim().split("\n").at(-1));
    const used = isNode ? JSON.parse(readFileSync(meter, "utf8")) : { cpuMs: 0, peakBytes: 0 };
    return { timeMs: isNode && own > 0 ? own : timeMs, cpuMs: used.cpuMs, peakBytes: used.peakBytes };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Prints the most memory of all rounds, which is a figure of the report, and the processor time. */
export function reportProcessUse(
  what: string,
  uses: readonly ProcessUse[],
  goal: Pick<Figure, "limit" | "aim"> = {},
): void {
  const { medianMs } = sampleOf(uses.map(({ cpuMs }) => cpuMs));
  console.log(`${what}: processor time ${medianMs.toFixed(0)} ms`);
  const peakBytes = Math.max(...uses.map((use) => use.peakBytes));
  reportFigure({ what: `${what}, memory`, value: peakBytes / 1e6, unit: "MB", ...goal });
}
