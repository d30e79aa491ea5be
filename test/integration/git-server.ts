import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { execa } from "execa";

/** Git's own server over a directory of repositories, on loopback. Disposing it stops it. */
export interface GitServer extends AsyncDisposable {
  /** `git://127.0.0.1:port` */
  readonly address: string;
}

/** Serves every repository below a directory, as `address/name.git` for a work tree in `name`. */
export async function serveRepositories(directory: string): Promise<GitServer> {
  const { stdout: programs } = await execa("git", ["--exec-path"]);
  const port = await freePort();
  const flags = ["--reuseaddr", "--export-all", `--base-path=${directory}`, "--listen=127.0.0.1", `--port=${port}`];
  const daemon = spawn(`${programs}/git-daemon`, [...flags, "--verbose", directory], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env.PATH, HOME: directory, GIT_CONFIG_COUNT: "1", ...ANY_OWNER },
  });
  await once(daemon.stderr, "data");
  return {
    address: `git://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      daemon.kill();
      await once(daemon, "close");
    },
  };
}

const ANY_OWNER = { GIT_CONFIG_KEY_0: "safe.directory", GIT_CONFIG_VALUE_0: "*" };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
