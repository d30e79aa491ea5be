import type { Limiter, Turn } from "../../core/concurrency.ts";
import { lazy } from "../../core/lazy.ts";
import { type AssignedNode, isAssigned } from "../facts/assigned-plan.ts";
import type { JobSeat } from "./joint-job.ts";
import type { RunNode } from "./node.ts";
import type { PackageWork } from "./package-work.ts";

const jointJob = lazy(() => import("./joint-job.ts"));

/** Builds of one package that take room on an engine together, and can be one job there. */
export interface JointBuild {
  /** Waits for the others, though not long, and for room on the engine. Alone, there is no seat. */
  run<T>(task: (seat: JobSeat | undefined) => Promise<T>): Promise<T>;
  /** For a build that will not come; nothing after `run`. */
  leave(): void;
}

/** Builds that need the same become ready at the same time; what is ready shall not wait for the work of others. */
const PATIENCE_MS = 100;

/**
 * The nodes of a package that are built together: those on one engine, if it has room for all of them. Whom others wait
 * for goes out as soon as it is made, and who has a time limit is not to wait for others.
 */
export function jointBuilds(
  nodes: readonly RunNode[],
  { order, attempts }: Pick<PackageWork, "order" | "attempts">,
): ReadonlyMap<RunNode, JointBuild | undefined> {
  if (attempts.timeoutMs !== undefined) return new Map();
  const last = nodes.filter(isAssigned).filter((node) => order.priority(node) === 1);
  const engines = [...new Set(last.map(({ engine }) => engine))];
  return new Map(engines.flatMap((engine) => pairs(last.filter((node) => node.engine === engine))));
}

function pairs(group: readonly AssignedNode[]): readonly (readonly [RunNode, JointBuild | undefined])[] {
  const [first] = group;
  if (first === undefined || group.length > first.engine.parallel) return [];
  const builds = createJointBuilds(group.length, first.engine.limit);
  return group.map((node, index) => [node, builds[index]]);
}

/** So many builds that take their slots together, as far as they are ready at the same time. */
export function createJointBuilds(size: number, limit: Limiter): readonly JointBuild[] {
  const ready: ((seat: JobSeat | undefined) => Promise<unknown>)[] = [];
  let awaited = size;
  let patience: NodeJS.Timeout | undefined;
  const start = (): void => {
    clearTimeout(patience);
    patience = undefined;
    const builds = ready.splice(0);
    if (builds.length === 0) return;
    const together = async (turn: Turn) => {
      const seats = builds.length > 1 ? (await jointJob()).createJointJob(builds.length, turn.end) : [];
      await Promise.allSettled(builds.map((build, index) => build(seats[index])));
    };
    void limit(together, { priority: 1, slots: builds.length });
  };
  const arrive = (): void => {
    awaited -= 1;
    if (awaited === 0) start();
    else patience ??= setTimeout(start, PATIENCE_MS);
  };
  return Array.from({ length: size }, () => createBuild(ready, arrive));
}

function createBuild(ready: ((seat: JobSeat | undefined) => Promise<unknown>)[], arrive: () => void): JointBuild {
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
