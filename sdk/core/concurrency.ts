/**
 * Runs tasks, as many at once as there are slots. Of those that wait, the ones with the highest priority (default 0) come
 * first, else in order; nobody overtakes a task that waits for more slots (default 1) than are free.
 */
export type Limiter = <T>(task: (turn: Turn) => Promise<T>, options?: LimitedTask) => Promise<T>;

/** A task's turn. */
export interface Turn {
  /** True if another task waits. */
  isAwaited(): boolean;
  /** Gives the slots back before the task ends: what is left of it needs none. */
  end(): void;
}

/** How a task waits for its turn. */
export interface LimitedTask {
  readonly priority?: number;
  /** At most as many as there are. */
  readonly slots?: number;
}

/** Creates a limiter with so many slots. */
export function createLimiter(limit: number): Limiter {
  let free = limit;
  const waiting: { readonly start: () => void; readonly priority: number; readonly slots: number }[] = [];
  const startWaiting = () => {
    for (let next = waiting[0]; next !== undefined && next.slots <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.slots;
      next.start();
    }
  };
  const turn = (priority: number, slots: number) =>
    new Promise<void>((start) => {
      const behind = waiting.findIndex((other) => other.priority < priority);
      waiting.splice(behind < 0 ? waiting.length : behind, 0, { start, priority, slots });
      startWaiting();
    });
  return async (task, { priority = 0, slots = 1 } = {}) => {
    const taken = Math.min(slots, limit);
    if (waiting.length === 0 && taken <= free) free -= taken;
    else await turn(priority, taken);
    let hasEnded = false;
    const end = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      free += taken;
      startWaiting();
    };
    try {
      return await task({ isAwaited: () => waiting.length > 0, end });
    } finally {
      end();
    }
  };
}

/**
 * The results of all promises, in order. Unlike `Promise.all` it waits for those that still go on when one has failed, so
 * that nothing is under way any more when it rejects, with the first failure in order.
 */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

/**
 * Maps with at most `limit` calls at once; results are in the order of the input. After a failure no more calls are made,
 * and it rejects when those that were made have ended.
 */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const limited = createLimiter(limit);
  let failure: { readonly cause: unknown } | undefined;
  const call = async (item: T, index: number): Promise<R> => {
    if (failure !== undefined) throw failure.cause;
    try {
      return await map(item, index);
    } catch (cause) {
      failure ??= { cause };
      throw failure.cause;
    }
  };
  return await settleAll(items.map((item, index) => limited(() => call(item, index))));
}

/**
 * Answers questions in batches: those that are asked while an answer is under way are answered together, after it, with
 * what is true then.
 *
 * @param answer - what it gives must have an entry for each question
 */
export function createBatches<Question, Answer>(
  answer: (questions: readonly Question[]) => Promise<ReadonlyMap<Question, Answer>>,
): (question: Question) => Promise<Answer | undefined> {
  let running: Promise<unknown> = Promise.resolve();
  let next: { readonly questions: Question[]; readonly answers: Promise<ReadonlyMap<Question, Answer>> } | undefined;
  return async (question) => {
    if (next === undefined) {
      const questions: Question[] = [];
      const answers = running.then(() => {
        next = undefined;
        return answer(questions);
      });
      running = answers.catch(() => {});
      next = { questions, answers };
    }
    next.questions.push(question);
    return (await next.answers).get(question);
  };
}
