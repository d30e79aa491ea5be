import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { childEnvironment } from "../../sdk/engine/lifecycle/child-environment.ts";
import { startDaemon } from "../../sdk/engine/lifecycle/daemon.ts";
import { engineDirectory } from "../../sdk/engine/lifecycle/engine-daemon.ts";
import { writeProcessRecord } from "../../sdk/engine/lifecycle/process-record.ts";
import { createScratchDirectory, removeScratchDirectory } from "./scratch-directory.ts";
import { testTools } from "./test-tools.ts";

/** The distribution's registry, on a free port of the loopback address, plain http. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:41234`, the host part of image names. */
  readonly host: string;
  readonly url: string;
  readonly pid: number;
}

/** Who may use it. */
export interface TestRegistryOptions {
  /** Basic authentication with one account. Default: everyone may push and pull. */
  readonly auth?: {
    readonly username: string;
    /** The line of an htpasswd file's second part: a bcrypt hash. */
    readonly passwordHash: string;
  };
  /** Ask this registry for what is missing: the registry is read-only then. */
  readonly mirrorOf?: string;
}

/** Starts it with an empty store. Disposing it stops it and removes the store. */
export async function startDockerRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const directory = await createScratchDirectory();
  const host = `127.0.0.1:${await freePort()}`;
  const url = `http://${host}`;
  await writeFile(join(directory, "config.json"), await configOf(directory, host, options));
  const record = await startDaemon({
    name: "docker-registry",
    command: [testTools().dockerRegistry, "serve", join(directory, "config.json")],
    environment: childEnvironment(),
    logFile: join(directory, "log"),
    onStarted: (started) => writeProcessRecord(engineDirectory(directory).recordFile, started),
    isReady: async () => (await fetch(`${url}/v2/`).catch(() => undefined)) !== undefined,
  });
  return Object.freeze({
    host,
    url,
    pid: record.pid,
    [Symbol.asyncDispose]: () => removeScratchDirectory(directory),
  });
}

/** The registry's file is YAML, and JSON is YAML. */
async function configOf(directory: string, addr: string, { auth, mirrorOf }: TestRegistryOptions): Promise<string> {
  if (auth !== undefined) await writeFile(join(directory, "htpasswd"), `${auth.username}:${auth.passwordHash}\n`);
  return JSON.stringify({
    version: "0.1",
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, "store") }, delete: { enabled: true } },
    http: { addr },
    ...(auth === undefined ? {} : { auth: { htpasswd: { realm: "kitsmith", path: join(directory, "htpasswd") } } }),
    ...(mirrorOf === undefined ? {} : { proxy: { remoteurl: mirrorOf } }),
  });
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
