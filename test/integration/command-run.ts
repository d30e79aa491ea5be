import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../sdk/cli/main.ts", import.meta.url));

/** A command line that runs in a session of its own. Disposing it kills what is left of it. */
export interface CommandRun extends AsyncDisposable {
  readonly pid: number;
  /** Resolves as soon as a progress event is seen that is wanted; rejects if the command ends before. */
  sawEvent(isWanted: (event: Readonly<Record<string, unknown>>) => boolean): Promise<void>;
  interrupt(): void;
  /** The exit status; all that it wrote to stderr comes with it. */
  readonly ended: Promise<{ readonly status: number | null; readonly stderr: string }>;
}

/** Starts `kitsmith` from its sources. */
export function startCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}): CommandRun {
  const loader = ["--conditions=kitsmith-source", "--import", import.meta.resolve("tsx")];
  const child = spawn(process.execPath, [...loader, MAIN, ...args, "--progress", "json"], {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    env: { ...process.env, ...env },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("the command was not started");
  const lines = followLines(child);
  const ended = once(child, "close").then(([status]: unknown[]) => ({
    status: typeof status === "number" ? status : null,
    stderr: lines.seen.join("\n"),
  }));
  return {
    pid,
    ended,
    sawEvent: (isWanted) => lines.find((line) => line.startsWith("{") && isWanted(JSON.parse(line)), ended),
    interrupt: () => process.kill(pid, "SIGINT"),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, "SIGKILL");
      await ended;
    },
  };
}

function followLines(child: ChildProcess) {
  const seen: string[] = [];
  let wake = () => {};
  if (child.stderr) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      seen.push(line);
      wake();
    });
  }
  return {
    seen,
    async find(isWanted: (line: string) => boolean, ended: Promise<unknown>): Promise<void> {
      let isOver = false;
      void ended.then(() => {
        isOver = true;
        wake();
      });
      for (let position = 0; ; position += 1) {
        while (position >= seen.length) {
          if (isOver) throw new Error(`the command ended first:\n${seen.join("\n")}`);
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        if (isWanted(seen[position] ?? "")) return;
      }
    },
  };
}
