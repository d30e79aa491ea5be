import { performance } from "node:perf_hooks";
import { sized } from "./size.ts";

/** How long something took, over several rounds, in milliseconds. */
export interface Sample {
  readonly medianMs: number;
  readonly fastestMs: number;
  readonly slowestMs: number;
  readonly rounds: number;
}

/** Options of {@link measure}. */
export interface MeasureOptions {
  /** Default 5; a small run has one. */
  readonly rounds?: number;
  /** Done before each round, and not measured. */
  readonly before?: (round: number) => unknown;
  /** Done before each side of a round, and not measured. */
  readonly beforeSide?: () => unknown;
}

/** A piece of work, and what its rounds gave. */
export interface Side<Outcome> {
  readonly work: (round: number) => Outcome | Promise<Outcome>;
  readonly outcomes: Outcome[];
}

/** The lowest and the highest. */
export type Range = readonly [lowest: number, highest: number];

/** A side of a comparison that measures itself. */
export function createSide<Outcome>(work: Side<Outcome>["work"]): Side<Outcome> {
  return { work, outcomes: [] };
}

/** A side of a comparison that gives the milliseconds of its work. */
export function createTimedSide(work: (round: number) => unknown): Side<number> {
  return createSide(async (round) => {
    const start = performance.now();
    await work(round);
    return performance.now() - start;
  });
}

/** Lets sides work in turns, so that what the machine does besides falls on all; each round begins with another. */
export async function takeTurns(
  sides: readonly Side<unknown>[],
  { rounds = 5, before, beforeSide }: MeasureOptions = {},
): Promise<void> {
  for (let round = 0; round < sized(rounds, 1); round += 1) {
    await before?.(round);
    const first = round % sides.length;
    for (const side of [...sides.slice(first), ...sides.slice(0, first)]) {
      await beforeSide?.();
      side.outcomes.push(await side.work(round));
    }
  }
}

/** Measures a piece of work several times. */
export async function measure(work: (round: number) => unknown, options: MeasureOptions = {}): Promise<Sample> {
  const side = createTimedSide(work);
  await takeTurns([side], options);
  return sampleOf(side.outcomes);
}

/** Two pieces of work in turns. */
export async function measureInTurns(
  first: (round: number) => unknown,
  second: (round: number) => unknown,
  options: MeasureOptions = {},
): Promise<readonly [Sample, Sample]> {
  const sides = [createTimedSide(first), createTimedSide(second)] as const;
  await takeTurns(sides, options);
  return [sampleOf(sides[0].outcomes), sampleOf(sides[1].outcomes)];
}

/** Median and spread of times in milliseconds. */
export function sampleOf(times: readonly number[]): Sample {
  const { median, range } = summaryOf(times);
  return { medianMs: median, fastestMs: range[0], slowestMs: range[1], rounds: times.length };
}

/** Median and range of figures. */
export function summaryOf(values: readonly number[]): { readonly median: number; readonly range: Range } {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  return { median: at(0.5), range: [at(0), at(1)] };
}

/** The ratio of medians, and the widest that single rounds would give. */
export function ratioOf(
  ours: readonly number[],
  theirs: readonly number[],
): { readonly value: number; readonly spread: Range } {
  const [own, other] = [summaryOf(ours), summaryOf(theirs)];
  return { value: own.median / other.median, spread: [own.range[0] / other.range[1], own.range[1] / other.range[0]] };
}
