import type { RunEvent } from "../progress/event.ts";

const LOG_EVENTS_KEPT = 20_000;

/** The events of a run, kept so that late readers see them from the start; old log events are dropped past a bound. */
export class EventLog {
  readonly #events: (RunEvent | undefined)[] = [];
  readonly #logPositions: number[] = [];
  #firstKeptLog = 0;
  #waiting: (() => void)[] = [];
  #ended = false;
  readonly #logEventsKept: number;

  constructor(logEventsKept: number = LOG_EVENTS_KEPT) {
    this.#logEventsKept = logEventsKept;
  }

  push(event: RunEvent): void {
    if (event.type === "log") this.#logPositions.push(this.#events.length);
    this.#events.push(event);
    while (this.#logPositions.length - this.#firstKeptLog > this.#logEventsKept) {
      const position = this.#logPositions[this.#firstKeptLog];
      this.#firstKeptLog += 1;
      if (position !== undefined) this.#events[position] = undefined;
    }
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** Every event from the first one on, until the run is over. Where log events were dropped, a notice says how many. */
  async *read(): AsyncGenerator<RunEvent, void, undefined> {
    let dropped = 0;
    for (let position = 0; ; position += 1) {
      while (position >= this.#events.length) {
        if (this.#ended) return;
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
      }
      const event = this.#events[position];
      if (event === undefined) {
        dropped += 1;
        continue;
      }
      if (dropped > 0) {
        yield { type: "notice", at: event.at, level: "warning", message: `${dropped} log events were dropped here` };
        dropped = 0;
      }
      yield event;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
