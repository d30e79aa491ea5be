import { setMaxListeners } from "node:events";
import { RunError } from "../core/errors.ts";
import type { RunEvent } from "../progress/event.ts";
import { EventLog } from "./event-log.ts";

/** What the work of a run is given. */
export interface RunContext {
  /** Fires when the run is canceled, by its own `cancel()` or by the caller's signal. */
  readonly signal: AbortSignal;
  readonly emit: (event: RunEvent) => void;
}

/**
 * Work that is under way: a promise of its result and a stream of its events.
 *
 * It starts at once. Awaiting or iterating it marks a failure as handled; a failing run that nobody looks at surfaces
 * as any rejected promise does. Leaving a `for await` loop early detaches the reader, not the run: `cancel()` or the
 * verb's signal stops it.
 *
 * @example
 * ```ts
 * const run = pkgs("pkg/*").push();
 * for await (const event of run) if (event.type === "image.pushed") console.log(event.reference);
 * const result = await run;
 * ```
 */
export class Run<Result> implements PromiseLike<Result>, AsyncIterable<RunEvent> {
  /** The promise itself, for those who need a real one. */
  readonly result: Promise<Result>;
  readonly #log = new EventLog();
  readonly #controller = new AbortController();

  constructor(work: (context: RunContext) => Promise<Result>, signal?: AbortSignal) {
    const combined = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal;
    // Each of many nodes listens; node would take that for a leak.
    setMaxListeners(0, combined);
    this.result = this.#start(work, combined);
  }

  /** Stops the run; it rejects with `RUN_CANCELED` once everything that it opened is closed. */
  cancel(): void {
    this.#controller.abort(new RunError("RUN_CANCELED", "the run was canceled"));
  }

  /** All events from the first on, also for readers who come late. */
  events(): AsyncIterable<RunEvent> {
    this.result.catch(() => {});
    return this.#log.read();
  }

  /** As {@link Run.events}, for `for await`. */
  [Symbol.asyncIterator](): AsyncIterator<RunEvent> {
    return this.events()[Symbol.asyncIterator]();
  }

  then<Value = Result, Failure = never>(
    onResult?: ((result: Result) => Value | PromiseLike<Value>) | null,
    onFailure?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    return this.result.then(onResult, onFailure);
  }

  async #start(work: (context: RunContext) => Promise<Result>, signal: AbortSignal): Promise<Result> {
    try {
      signal.throwIfAborted();
      return await work({ signal, emit: (event) => this.#log.push(event) });
    } catch (error) {
      // Node's own calls put an error of theirs around the reason.
      throw signal.aborted && error instanceof Error && error.name === "AbortError" ? signal.reason : error;
    } finally {
      this.#log.end();
    }
  }
}
