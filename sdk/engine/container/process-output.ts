import { BuildError } from "../../core/errors.ts";
import type { ProcessOptions, ProcessOutput } from "./container.ts";

const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024;

/** What a program has written so far. */
export interface CollectedOutput {
  /** @throws BuildError `BUILD_PROCESS_FAILED` past the limit */
  readonly add: (output: ProcessOutput) => void | Promise<void>;
  text(stream: ProcessOutput["stream"]): string;
}

/** Collects a program's output up to a limit, and hands it on. */
export function collectOutput(
  limitBytes: number = OUTPUT_LIMIT_BYTES,
  onOutput?: ProcessOptions["onOutput"],
): CollectedOutput {
  const pieces: ProcessOutput[] = [];
  let sizeBytes = 0;
  return {
    add(output) {
      sizeBytes += output.data.byteLength;
      if (sizeBytes > limitBytes) {
        throw new BuildError("BUILD_PROCESS_FAILED", `the program wrote more than ${limitBytes} bytes`, {
          hint: "Have it write less, raise outputLimitBytes, or start() it and take its output as it comes.",
          details: { limitBytes },
        });
      }
      pieces.push(output);
      return onOutput?.(output);
    },
    text: (stream) =>
      Buffer.concat(pieces.filter((piece) => piece.stream === stream).map(({ data }) => data)).toString("utf8"),
  };
}
