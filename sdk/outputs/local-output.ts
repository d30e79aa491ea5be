import { receiveTree } from "../wire/fsutil/receiver.ts";
import type { BuildOutput } from "./build-output.ts";

/** Writes the result's files into a directory, over what is there. */
export function localOutput(directory: string): BuildOutput {
  return {
    exporter: { type: "local", attributes: {} },
    receive: async (call) => {
      await receiveTree(call.messages, (message) => call.send(message), directory, { signal: call.signal });
    },
    complete: async () => undefined,
  };
}
