import { createServer } from "node:http";
import { join } from "node:path";
import { childEnvironment } from "../../sdk/engine/lifecycle/child-environment.ts";
import { startDaemon } from "../../sdk/engine/lifecycle/daemon.ts";
import { engineDirectory } from "../../sdk/engine/lifecycle/engine-daemon.ts";
import { writeProcessRecord } from "../../sdk/engine/lifecycle/process-record.ts";
import { createScratchDirectory, removeScratchDirectory } from "./scratch-directory.ts";
import { testTools } from "./test-tools.ts";

/** A store on the loopback address. */
export interface ObjectStore extends AsyncDisposable {
  readonly url: string;
}

/** The emulator's account, which everyone knows. */
export const AZURE_ACCOUNT = {
  name: "devstoreaccount1",
  key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
} as const;

/** The emulator's keys. */
export const S3_KEYS = { id: "S3RVER", secret: "S3RVER" } as const;

/** Amazon's store with an empty bucket. */
export async function startS3(bucket: string): Promise<ObjectStore> {
  return await start("s3rver", (directory, port) => [
    testTools().emulators.s3,
    ...["--directory", join(directory, "store"), "--address", "127.0.0.1", "--port", String(port), "--silent"],
    ...["--configure-bucket", bucket, "--allow-mismatched-signatures"],
  ]);
}

/** Azure's blob store; its address holds the account's name. */
export async function startAzblob(): Promise<ObjectStore> {
  const store = await start("azurite", (_directory, port) => [
    testTools().emulators.azblob,
    ...["--blobHost", "127.0.0.1", "--blobPort", String(port)],
    ...["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence"],
  ]);
  return { ...store, url: `${store.url}/${AZURE_ACCOUNT.name}` };
}

async function start(name: string, argv: (directory: string, port: number) => readonly string[]): Promise<ObjectStore> {
  const directory = await createScratchDirectory();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  try {
    await startDaemon({
      name,
      command: [process.execPath, ...argv(directory, port)],
      environment: childEnvironment(),
      logFile: join(directory, "log"),
      onStarted: (record) => writeProcessRecord(engineDirectory(directory).recordFile, record),
      isReady: async () => (await fetch(url).catch(() => undefined)) !== undefined,
    });
  } catch (error) {
    await removeScratchDirectory(directory);
    throw error;
  }
  return { url, [Symbol.asyncDispose]: () => removeScratchDirectory(directory) };
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
