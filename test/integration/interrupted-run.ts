import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import { createConnection, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createTransport } from "../../sdk/engine/transport.ts";
import { BuildHistoryEventType, Control } from "../../sdk/proto/gen/control_pb.js";
import { parseEndpoint } from "../../sdk/wire/endpoint.ts";

const MAIN = fileURLToPath(new URL("../../sdk/cli/main.ts", import.meta.url));
const SLOW_BYTES_PER_SECOND = 100_000;

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

/** Processes of a session, by number. */
export async function processesOfSession(session: number): Promise<readonly string[]> {
  const stats = await Promise.all(
    (await processes()).map((pid) => readFile(`/proc/${pid}/stat`, "utf8").catch(() => "")),
  );
  return stats.filter((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3] === String(session));
}

/** Command lines of all processes. */
export async function commandLines(): Promise<readonly string[]> {
  const lines = (await processes()).map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(lines)).map((line) => line.split("\0").join(" "));
}

/** Files below a directory that some process has open. */
export async function openFilesBelow(directory: string): Promise<readonly string[]> {
  const links = (await processes()).map(async (pid) => {
    const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
    return await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")));
  });
  return (await Promise.all(links)).flat().filter((link) => link.startsWith(`${directory}/`));
}

async function processes(): Promise<readonly string[]> {
  return (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
}

/** How many connections a unix socket has. */
export async function connectionsTo(address: string): Promise<number> {
  const path = address.slice("unix://".length);
  const lines = (await readFile("/proc/net/unix", "utf8")).split("\n").map((line) => line.split(/\s+/));
  return lines.filter((fields) => fields.at(-1) === path && fields[5] === "03").length;
}

/** How many builds an engine is busy with. */
export async function activeBuilds(kind: "buildkit" | "docker", address: string): Promise<number> {
  const client = createTransport(kind, parseEndpoint(address)).createClient();
  try {
    let count = 0;
    const request = { ActiveOnly: true, EarlyExit: true };
    for await (const { type } of client.serverStream(Control.method.listenBuildHistory, request, {})) {
      if (type === BuildHistoryEventType.STARTED) count += 1;
    }
    return count;
  } finally {
    client.close();
  }
}

/** A server on the loopback address. */
export interface LoopbackServer extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Resolves once clients have sent so much. */
  received(sizeBytes: number): Promise<void>;
}

/** Takes all that is sent and never says anything. */
export async function startMuteServer(): Promise<LoopbackServer> {
  return await startServer((socket, note) => socket.on("data", (chunk) => note(chunk.byteLength)));
}

/** Passes on what clients send, in their direction slowly. */
export async function startSlowProxy(target: string): Promise<LoopbackServer> {
  const [host = "", port = ""] = target.split(":");
  return await startServer((socket, note) => {
    const upstream = createConnection({ host, port: Number(port) });
    upstream.on("error", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
    upstream.pipe(socket);
    socket.on("data", (chunk) => {
      note(chunk.byteLength);
      upstream.write(chunk);
      socket.pause();
      setTimeout(() => socket.resume(), (chunk.byteLength / SLOW_BYTES_PER_SECOND) * 1000);
    });
    socket.on("end", () => upstream.end());
  });
}

async function startServer(
  serve: (socket: Socket, note: (sizeBytes: number) => void) => void,
): Promise<LoopbackServer> {
  let total = 0;
  let waiting: (() => void)[] = [];
  const sockets = new Set<Socket>();
  const note = (sizeBytes: number) => {
    total += sizeBytes;
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    serve(socket, note);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    host: `127.0.0.1:${address.port}`,
    received: async (sizeBytes) => {
      while (total < sizeBytes) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
