/**
 * How fast a file system answers. What is at hand in a microsecond or two costs twenty times as much when another thread is
 * asked for it; where answers take longer, nothing else of the program may wait for them.
 */
export interface Pace {
  /** True while files are best looked at straight away. */
  readonly isQuick: boolean;
  /** Notes how long so many calls took; of calls that nothing waited for, only that they were made. */
  took(calls: number, durationMs: number): void;
}

/** A call that takes longer than this is made beside the program's other work. */
const QUICK_MS = 0.25;
/** So many calls are judged together: on a busy machine single ones take long. */
const WINDOW_CALLS = 256;
/** So many are enough where they took as long as all of a window may. */
const HOPELESS_CALLS = 16;
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
      const isHopeless = calls >= HOPELESS_CALLS && durationMs > WINDOW_CALLS * QUICK_MS;
      if (calls < WINDOW_CALLS && !isHopeless) return;
      if (slowWindows > 0) slowWindows -= 1;
      else if (durationMs > calls * QUICK_MS) slowWindows = SLOW_WINDOWS;
      [calls, durationMs] = [0, 0];
    },
  };
}
