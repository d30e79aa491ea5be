/**
 * How soon something happens: the process (`kitsmith --version` beside `node -e 0`), and, with modules loaded, the time
 * from the call to the first answer of an engine. Needs what `npm run build` makes, the test programs and root.
 */
import { performance } from "node:perf_hooks";
import { connectEngine } from "../sdk/engine/connect-engine.ts";
import { startBuildkitd } from "../test/engines/test-engine.ts";
import { builtProgram, runToEnd } from "./harness/built-program.ts";
import { runClient } from "./harness/client-process.ts";
import { createSide, measure, measureInTurns, sampleOf, takeTurns } from "./harness/measurement.ts";
import { reportComparison, reportTime } from "./harness/results.ts";

const [role, address = ""] = process.argv.slice(2);
if (role === "client") console.log(await firstAnswer(address));
else {
  await processes();
  await answers();
}

async function processes(): Promise<void> {
  const program = builtProgram();
  const [version, bare] = await measureInTurns(
    () => runToEnd(process.execPath, program, "--version"),
    () => runToEnd(process.execPath, "-e", "0"),
    { rounds: 21 },
  );
  reportComparison({ what: "kitsmith --version", ours: version, peer: { name: "node -e 0", ...bare }, limit: 1.5 });
}

async function answers(): Promise<void> {
  await using engine = await startBuildkitd();
  const first = createSide(async () => (await runClient("start", engine.address)).timeMs);
  await takeTurns([first]);
  reportTime("first answer of an engine in a process", sampleOf(first.outcomes), { limit: 50 });
  await firstAnswer(engine.address);
  const later = await measure(() => ask(engine.address), { rounds: 11 });
  reportTime("answer of an engine over a new connection, later", later, { limit: 50 });
}

async function firstAnswer(engineAddress: string): Promise<number> {
  // What an engine needs is loaded on first use; here only the time after that counts.
  await import("@grpc/grpc-js");
  await import("../sdk/engine/open-engine.ts");
  const startedAt = performance.now();
  await ask(engineAddress);
  return performance.now() - startedAt;
}

async function ask(engineAddress: string): Promise<void> {
  await using engine = await connectEngine(engineAddress);
  await engine.info();
}
