import type { Reporter, TestModule } from "vitest/node";

/** Makes a run fail in which a test was skipped, or in which none ran: a green run then means that all was checked. */
export class NoSkipsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const skipped = tests.filter((test) => test.result().state === "skipped");
    if (tests.length > 0 && skipped.length === 0) return;
    console.error(tests.length === 0 ? "No test ran." : `Skipped:\n${skipped.map((test) => test.fullName).join("\n")}`);
    process.exitCode = 1;
  }
}
