import type { Abortable } from "../../core/abort.ts";
import type { Platform } from "../../core/platform.ts";
import type { ResultReference } from "../engine.ts";

/** What lies where in a container. */
export type ContainerMount = {
  /** Absolute; one mount has to be at `/`. */
  readonly destination: string;
  readonly readOnly?: boolean;
} & (
  | {
      readonly kind: "result";
      /** Undefined: an empty directory. */
      readonly reference: ResultReference | undefined;
      /** A directory of the result. Default: all of it. */
      readonly selector?: string;
    }
  | { readonly kind: "tmpfs" }
);

/** How a container is opened: over a result, or with all its mounts. */
export interface ContainerOptions extends Abortable {
  /** Mounted at `/`; writable, though what is written goes nowhere. */
  readonly reference?: ResultReference | undefined;
  /** Beside the reference, or without it. Default: none. */
  readonly mounts?: readonly ContainerMount[];
  /** Whose programs are run. Default: the engine's own. */
  readonly platform?: Platform;
  /** Default `none`. `sandbox` and `host` are what the engine makes of them; `host` needs the entitlement. */
  readonly network?: "none" | "sandbox" | "host";
  readonly hostname?: string;
}

/** How a program is run in a container. */
export interface ProcessOptions extends Abortable {
  /** Exactly these; the engine adds `PATH` where it is missing, and with a terminal `TERM`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default `/`. */
  readonly cwd?: string;
  /** Name or number, with `:group` or without. Default root. */
  readonly user?: string;
  /** What it reads from standard input. Default: nothing; there is none then. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Runs it in a terminal: all that it writes is standard output then. Default false. */
  readonly tty?: boolean;
  /** Called with what it writes, in order; what it gives back is waited for before more is read. */
  readonly onOutput?: (output: ProcessOutput) => void | Promise<void>;
}

/** A piece of what a program writes. */
export interface ProcessOutput {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

/** How a program's output is collected. */
export interface ExecOptions extends ProcessOptions {
  /** The most that may be collected of standard output and standard error together. Default 16 MiB. */
  readonly outputLimitBytes?: number;
}

/** How a program ended, and what it wrote, as UTF-8. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Signals by their names. */
export type ProcessSignal = "SIGHUP" | "SIGINT" | "SIGQUIT" | "SIGKILL" | "SIGTERM" | "SIGUSR1" | "SIGUSR2";

/** A program that runs. */
export interface ContainerProcess {
  /**
   * The exit code, once all of its output has been handed over.
   *
   * @throws BuildError `BUILD_PROCESS_FAILED` if there is none; EngineError `ENGINE_LOST`; what `stdin` or `onOutput` throws
   */
  readonly exited: Promise<number>;
  /** Tells how large the terminal is; the program may learn it after what is typed next. No effect once it has ended. */
  resize(size: { readonly rows: number; readonly columns: number }): Promise<void>;
  /** No effect once the program has ended. */
  signal(name: ProcessSignal): Promise<void>;
}

/**
 * A container over a result. Its first program is its init: when that ends, all others are killed, and no more can be
 * started. Disposing it kills what runs and gives everything back, as the end of the job does.
 */
export interface Container extends AsyncDisposable {
  /**
   * Starts a program; settles when it runs.
   *
   * @throws BuildError `BUILD_PROCESS_FAILED` if it cannot be started
   */
  start(args: readonly string[], options?: ProcessOptions): Promise<ContainerProcess>;
  /**
   * Runs a program to its end. Any exit code is a result.
   *
   * @throws BuildError `BUILD_PROCESS_FAILED` if it cannot be started, has no exit code, or writes more than is collected
   */
  exec(args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
}
