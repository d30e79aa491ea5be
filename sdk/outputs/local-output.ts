import { receiveTree } from "../wire/fsutil/receiver.ts";
import type { BuildOutput } from "./build-output.ts";
import { epochAttributes } from "./image-attributes.ts";

/** How files are written into a directory. */
export interface LocalOutputOptions {
  /** `delete` removes what the result does not have. Default `copy`. */
  readonly mode?: "copy" | "delete" | undefined;
  /** The time of all files, seconds. Default their own. */
  readonly epochSeconds?: number | undefined;
}

/** Writes the result's files into a directory, over what is there. */
export function localOutput(directory: string, options: LocalOutputOptions = {}): BuildOutput {
  const { mode = "copy", epochSeconds } = options;
  return {
    exporter: {
      type: "local",
      attributes: { ...epochAttributes(epochSeconds), ...(mode === "delete" ? { mode } : {}) },
    },
    receive: async (call) => {
      const prune = mode === "delete";
      await receiveTree(call.messages, (message) => call.send(message), directory, { signal: call.signal, prune });
    },
    complete: async () => undefined,
  };
}
