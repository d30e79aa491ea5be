import type { Container, ProcessOptions } from "./container.ts";

/** What programs of a container are run with unless somebody says otherwise. */
export type ProcessDefaults = Pick<ProcessOptions, "env" | "cwd" | "user">;

/** The container with other defaults for its programs; of the environment, for each variable. */
export function withProcessDefaults(container: Container, { env, ...defaults }: ProcessDefaults): Container {
  const merged = (options: ProcessOptions = {}): ProcessOptions => ({
    ...defaults,
    ...options,
    env: { ...env, ...options.env },
  });
  return {
    start: (args, options) => container.start(args, merged(options)),
    exec: (args, options) => container.exec(args, merged(options)),
    [Symbol.asyncDispose]: () => container[Symbol.asyncDispose](),
  };
}

/** An environment of `NAME=value` entries; of a name that occurs twice, the last one counts. */
export function environmentOf(entries: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.map(splitVariable));
}

function splitVariable(entry: string): readonly [string, string] {
  const [name = "", ...value] = entry.split("=");
  return [name, value.join("=")];
}
