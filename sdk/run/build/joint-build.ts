import type { Turn } from "../../core/concurrency.ts";
import { lazy } from "../../core/lazy.ts";
import type { AssignedNode } from "../facts/assigned-plan.ts";
import { isAssigned } from "../facts/assigned-plan.ts";
import type { JobSeat } from "./joint-job.ts";
import type { RunNode } from "./node.ts";
import type { PackageWork } from "./package-work.ts";

const jointJob = lazy(() => import("./joint-job.ts"));

/** Builds of one package that take room on an engine together, and can be one job there. */
export interface JointBuild {
  /** Waits until the others are ready or have left, and for room on the engine. Alone, there is no seat. */
  run<T>(task: (seat: JobSeat | undefined) => Promise<T>): Promise<T>;
  /** For a build that will not come; nothing after `run`. */
  leave(): void;
}

/**
 * The nodes of a package that are built together: those on one engine, if it has room for all of them. Whom others wait
 * for goes out as soon as it is made, and who has a time limit is not to wait for others.
 */
export function jointBuilds(
  nodes: readonly RunNode[],
  { order, attempts }: Pick<PackageWork, "order" | "attempts">,
): ReadonlyMap<RunNode, JointBuild> {
  if (attempts.timeoutMs !== undefined) return new Map();
  const awaited = nodes.filter(isAssigned).filter((node) => order.priority(node) === 1);
  const engines = new Set(awaited.map(({ engine }) => engine));
  const groups = [...engines].map((engine) => awaited.filter((node) => node.engine === engine));
  return new Map(groups.filter(fits).flatMap((group) => seatsOf(group)));
}

function fits(group: readonly AssignedNode[]): boolean {
  return group.every(({ engine }) => group.length <= engine.parallel);
}

function seatsOf(group: readonly AssignedNode[]): readonly (readonly [RunNode, JointBuild])[] {
  const ready: ((seat: JobSeat | undefined) => Promise<unknown>)[] = [];
  let awaited = group.length;
  const arrive = (): void => {
    awaited -= 1;
    const [first] = group;
    if (awaited > 0 || ready.length === 0 || first === undefined) return;
    const together = async (turn: Turn) => {
      const seats = ready.length > 1 ? (await jointJob()).createJointJob(ready.length, turn.end) : [];
      await Promise.allSettled(ready.map((start, index) => start(seats[index])));
    };
    void first.engine.limit(together, { priority: 1, slots: ready.length });
  };
  return group.map((node) => [node, createSeat(ready, arrive)]);
}

function createSeat(ready: ((seat: JobSeat | undefined) => Promise<unknown>)[], arrive: () => void): JointBuild {
  let isTaken = false;
  const take = (): void => {
    if (!isTaken) arrive();
    isTaken = true;
  };
  return {
    run: (task) =>
      new Promise((resolve, reject) => {
        ready.push((seat) => {
          const done = task(seat);
          done.then(resolve, reject);
          return done;
        });
        take();
      }),
    leave: take,
  };
}
