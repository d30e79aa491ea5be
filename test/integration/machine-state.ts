import { readdir, readFile, readlink } from "node:fs/promises";
import { createTransport } from "../../sdk/engine/transport.ts";
import { BuildHistoryEventType, Control } from "../../sdk/proto/gen/control_pb.js";
import { parseEndpoint } from "../../sdk/wire/endpoint.ts";

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
