/**
 * How fast a file system answers. What is at hand in a microsecond or two costs twenty times as much when another thread is
 * asked for it; where answers take longer, nothing else of the program may wait for them.
 */
export interface Pace {
  /** True while files are best looked at straight away. */
  readonly isQuick: boolean;
  /** Notes how long so many calls took. */
  took(calls: number, durationMs: number): void;
}

/** A call that takes longer than this is made beside the program's other work. */
const QUICK_MS = 0.25;
/** So many calls are judged together: on a busy machine single ones take long. */
const WINDOW_CALLS = 256;
/** After so many windows it is tried again. */
const SLOW_WINDOWS = 8;

/** A file system is quick until it proves otherwise. */
export function createPace(): Pace {
  let [calls, durationMs, slowWindows] = [0, 0, 0];
  return {
    get isQuick() {
      return slowWindows === 0;
    },
    took(moreCalls, moreMs) {
      calls += moreCalls;
      durationMs += moreMs;
      if (calls < WINDOW_CALLS) return;
      if (slowWindows > 0) slowWindows -= 1;
      else if (durationMs > calls * QUICK_MS) slowWindows = SLOW_WINDOWS;
      [calls, durationMs] = [0, 0];
    },
  };
}
