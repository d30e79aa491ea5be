import { performance } from "node:perf_hooks";

/** How long something took, over several rounds, in milliseconds. */
export interface Sample {
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly slowestMs: number;
  readonly rounds: number;
}

/** Options of {@link measure}. */
export interface MeasureOptions {
  /** Default 5. */
  readonly rounds?: number;
  /** Done before each round, and not measured. */
  readonly before?: (round: number) => unknown;
}

/** Measures a piece of work several times. */
export async function measure(
  work: (round: number) => unknown,
  { rounds = 5, before }: MeasureOptions = {},
): Promise<Sample> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await before?.(round);
    const start = performance.now();
    await work(round);
    times.push(performance.now() - start);
  }
  return sampleOf(times);
}

/** Median and spread of times in milliseconds. */
export function sampleOf(times: readonly number[]): Sample {
  const sorted = [...times].sort((left, right) => left - right);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { medianMs: at(0.5), fastestMs: at(0), slowestMs: at(1), rounds: sorted.length };
}

/** Two pieces of work in turns, so that what the machine does besides falls on both. */
export async function measureInTurns(
  first: (round: number) => unknown,
  second: (round: number) => unknown,
  { rounds = 5, before }: MeasureOptions = {},
): Promise<readonly [Sample, Sample]> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    await before?.(round);
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
    for (const side of order) {
      const start = performance.now();
      await (side === 0 ? first(round) : second(round));
      times[side].push(performance.now() - start);
    }
  }
  return [sampleOf(times[0]), sampleOf(times[1])];
}
