import type { LintReport } from "../../run/subrequests/lint.ts";
import { commaList } from "../comma-list.ts";
import type { Command } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";

/** `kitsmith pkg lint`. */
export const pkgLint: Command = {
  name: "pkg lint",
  summary: "Check a package's Dockerfile by the rules of its frontend; the status is 1 where it warns",
  usage: "DIR",
  flags: {
    ...PACKAGE_FLAGS,
    skip: { kind: "list", value: "RULE,…", help: "leave out these rules, or all" },
    json: { kind: "boolean", help: "print JSON" },
  },
  positionals: { min: 1, max: 1 },
  async run(invocation) {
    const { packageOf } = await import("../package-arguments.ts");
    const [directory = "."] = invocation.positionals;
    const skip = commaList(invocation, "skip");
    const source = packageOf(invocation, directory);
    const checked = skip ? source.dockerfile({ check: `skip=${skip.join(",")}` }) : source;
    const report = await checked.lint({ signal: invocation.signal });
    const text = invocation.boolean("json") ? JSON.stringify(report, undefined, 2) : await formatReport(report);
    if (text !== "") invocation.stdout.write(`${text}\n`);
    return report.ok ? 0 : 1;
  },
};

async function formatReport({ warnings, error }: LintReport): Promise<string> {
  const { drawSource } = await import("../../progress/source-excerpt.ts");
  const { plainPaint } = await import("../../progress/paint.ts");
  const { neutralizeLine } = await import("../../progress/log-text.ts");
  const lines = [
    ...warnings.map(({ rule, message, url, source }) => ({
      source,
      text: `warning: ${rule}: ${message}${url === "" ? "" : ` (${url})`}`,
    })),
    ...(error ? [{ source: error.source, text: `error: ${error.message}` }] : []),
  ];
  return lines
    .flatMap(({ text, source }) => [neutralizeLine(text), ...(source ? drawSource(source, plainPaint) : [])])
    .join("\n");
}
