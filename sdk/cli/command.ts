/** One flag of a command. */
export interface Flag {
  readonly kind: "boolean" | "text" | "list" | "number";
  /** One line for the help. */
  readonly help: string;
  /** What the value is called in the help, such as `DIR`. */
  readonly value?: string;
  /** One letter. */
  readonly short?: string;
  /** Shown in the help; commands apply it themselves. */
  readonly default?: string;
  /** Not shown in the help. */
  readonly hidden?: boolean;
  /** For a flag that LinuxKit has or had and that has no effect here: what there is in its place. Said when it is given. */
  readonly replaced?: string;
}

/** Flags by long name. */
export type Flags = Readonly<Record<string, Flag>>;

/** What was given on the command line. */
export interface Invocation {
  readonly positionals: readonly string[];
  isGiven(name: string): boolean;
  boolean(name: string): boolean | undefined;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
  readonly signal: AbortSignal;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** One command; its module is loaded only when it runs. */
export interface Command {
  /** Words that name it, such as `pkg build`. */
  readonly name: string;
  /** Other names, such as `pkg index`. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  /** Such as `PATH…`. */
  readonly usage?: string;
  readonly flags: Flags;
  readonly positionals: { readonly min: number; readonly max: number };
  readonly hidden?: boolean;
  /** Resolves to the exit status. */
  run(invocation: Invocation): Promise<number>;
}
