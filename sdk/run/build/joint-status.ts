import { digestOf } from "../../core/digest.ts";
import type { SolveStatus } from "../../engine/engine.ts";
import type { Definition } from "../../llb/definition.ts";

/** What a job's status says of one of the builds in it. */
export interface StatusShare {
  /** Tells what the build's steps are. */
  know(definition: Definition): void;
}

/** The status of a job, for each of the builds in it. */
export interface StatusShares {
  add(onStatus: (status: SolveStatus) => void): StatusShare;
  deliver(status: SolveStatus): void;
}

interface Share {
  readonly onStatus: (status: SolveStatus) => void;
  /** Undefined while they are not known. */
  steps: ReadonlySet<string> | undefined;
  /** What belongs to others, but may be this one's, too. */
  withheld: SolveStatus[];
}

/** Each build is told of its own steps; of those that are nobody's, as what a frontend looks up, all are told. */
export function createStatusShares(): StatusShares {
  const shares: Share[] = [];
  const concerns = (share: Share, digest: string): boolean =>
    share.steps?.has(digest) === true || !shares.some(({ steps }) => steps?.has(digest) === true);
  return {
    add(onStatus) {
      const share: Share = { onStatus, steps: undefined, withheld: [] };
      shares.push(share);
      return {
        know({ ops }) {
          const steps = new Set<string>(ops.map((op) => digestOf(op)));
          share.steps = steps;
          const { withheld } = share;
          share.withheld = [];
          for (const status of withheld) tell(share, status, (digest) => steps.has(digest));
        },
      };
    },
    deliver(status) {
      for (const share of shares) {
        tell(share, status, (digest) => concerns(share, digest));
        if (share.steps !== undefined) continue;
        const withheld = part(status, (digest) => !concerns(share, digest));
        if (!isEmpty(withheld)) share.withheld.push(withheld);
      }
    },
  };
}

function tell({ onStatus }: Share, status: SolveStatus, isWanted: (digest: string) => boolean): void {
  const own = part(status, isWanted);
  if (!isEmpty(own)) onStatus(own);
}

function part(status: SolveStatus, isWanted: (digest: string) => boolean): SolveStatus {
  return {
    vertexes: status.vertexes.filter(({ digest }) => isWanted(digest)),
    statuses: status.statuses.filter(({ vertex }) => isWanted(vertex)),
    logs: status.logs.filter(({ vertex }) => isWanted(vertex)),
    warnings: status.warnings.filter(({ vertex }) => isWanted(vertex)),
  };
}

function isEmpty({ vertexes, statuses, logs, warnings }: SolveStatus): boolean {
  return vertexes.length + statuses.length + logs.length + warnings.length === 0;
}
