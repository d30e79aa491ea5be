/** Calls tasks at once where none was called for a while, else together with others when that while is over. */
export type Pace = (task: () => void) => void;

/** Creates a pace for tasks that are cheaper together, and that nobody waits for. It keeps no process alive. */
export function createPace(intervalMs: number): Pace {
  let waiting: (() => void)[] | undefined;
  const next = (): void => {
    const tasks = waiting ?? [];
    waiting = tasks.length === 0 ? undefined : [];
    if (waiting !== undefined) setTimeout(next, intervalMs).unref();
    for (const task of tasks) task();
  };
  return (task) => {
    if (waiting !== undefined) {
      waiting.push(task);
      return;
    }
    waiting = [task];
    next();
  };
}
