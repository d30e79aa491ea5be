import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { runProgram } from "../../sdk/cli/program.ts";

/** How a command line ended. */
export interface CommandEnd {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line of ours in this process. */
export async function callCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough(), env };
  const written = Promise.all([text(streams.stdout), text(streams.stderr)]);
  const status = await runProgram(args, streams);
  streams.stdout.end();
  streams.stderr.end();
  const [stdout, stderr] = await written;
  return { status, stdout, stderr };
}
