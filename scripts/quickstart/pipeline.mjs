import { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const SIGNALS = ["SIGINT", "SIGTERM"];

/**
 * Runs a pipeline in this process, as if it had been started with the arguments and the environment, and gives its exit
 * status. It listens for signals itself, and hears of one that came while it was loaded.
 */
export async function runPipeline(file, args, { env, sdk, signal }) {
  const { register: registerTypeScript } = await import("tsx/esm/api");
  registerTypeScript();
  register("./sdk-resolution.mjs", import.meta.url, { data: { sdk: pathToFileURL(join(sdk, "index.js")).href } });
  Object.assign(process.env, env);
  process.argv = [process.execPath, file, ...args];
  process.on("newListener", (name) => {
    if (signal.aborted && SIGNALS.includes(name)) process.nextTick(() => process.emit(name, name));
  });
  await import(pathToFileURL(file).href);
  return process.exitCode ?? 0;
}
