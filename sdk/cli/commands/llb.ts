import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { InputError } from "../../core/errors.ts";
import type { Command, Invocation } from "../command.ts";

const COMMON = {
  usage: "[FILE]",
  flags: {},
  positionals: { min: 0, max: 1 },
} as const;

/** `kitsmith llb dump`: what `buildctl debug dump-llb` prints. */
export const llbDump: Command = {
  ...COMMON,
  name: "llb dump",
  summary: "Print the operations of a definition, from a file or from stdin, as lines of JSON",
  async run(invocation) {
    const { decodeDefinition, formatDump } = await import("../../llb/index.ts");
    invocation.stdout.write(formatDump(decodeDefinition(await readInput(invocation))));
    return 0;
  },
};

/** `kitsmith llb dot`: what `buildctl debug dump-llb --dot` prints. */
export const llbDot: Command = {
  ...COMMON,
  name: "llb dot",
  summary: "Print the graph of a definition, from a file or from stdin, for Graphviz",
  async run(invocation) {
    const { decodeDefinition, definitionToDot } = await import("../../llb/index.ts");
    invocation.stdout.write(definitionToDot(decodeDefinition(await readInput(invocation))));
    return 0;
  },
};

async function readInput({ positionals, stdin, signal }: Invocation): Promise<Uint8Array> {
  const [file = "-"] = positionals;
  if (file !== "-") return await readFile(file, { signal }).catch((cause: unknown) => unreadable(file, cause));
  if (stdin.isTTY) {
    throw new InputError("INPUT_OPTION_INVALID", "there is no definition on stdin", {
      hint: "Name a file, or pipe the bytes of a definition into it: those of toLLB(platform).toBytes().",
    });
  }
  return await buffer(stdin);
}

function unreadable(file: string, cause: unknown): never {
  throw new InputError("INPUT_SOURCE_UNREADABLE", `${file} cannot be read`, {
    cause,
    hint: "Name a file with the bytes of a definition.",
  });
}
