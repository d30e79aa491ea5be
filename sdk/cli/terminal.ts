import type { Container } from "../index.ts";
import type { Invocation } from "./command.ts";

/**
 * Runs a command with this process's input and outputs: in a terminal of its own if they are one.
 *
 * @returns its exit code
 */
export async function runInTerminal(
  container: Container,
  command: readonly string[],
  { stdin, stdout, stderr, signal }: Invocation,
): Promise<number> {
  const keyboard = stdin.isTTY === true && process.stdout.isTTY ? process.stdin : undefined;
  const program = await container.start(command, {
    signal,
    tty: keyboard !== undefined,
    stdin: bytesOf(stdin),
    onOutput: async ({ stream, data }) => await write(stream === "stderr" ? stderr : stdout, data),
  });
  const resize = (): void => {
    const { rows, columns } = process.stdout;
    void program.resize({ rows, columns });
  };
  keyboard?.setRawMode(true);
  if (keyboard) resize();
  process.stdout.on("resize", resize);
  try {
    return await program.exited;
  } finally {
    process.stdout.off("resize", resize);
    keyboard?.setRawMode(false);
    // Nobody reads it any more; the process must not wait for it.
    process.stdin.destroy();
  }
}

async function* bytesOf(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array, void> {
  for await (const data of stream) yield typeof data === "string" ? Buffer.from(data) : data;
}

async function write(stream: NodeJS.WritableStream, data: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => stream.write(data, () => resolve()));
}
