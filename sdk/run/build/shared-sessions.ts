import { raceAbort } from "../../core/abort.ts";
import type { Engine, JobOptions, JobSession } from "../../engine/engine.ts";

/** What makes a session, and what it serves. */
export interface SharedSessionOptions extends Pick<JobOptions, "services" | "sharedKey" | "signal"> {
  readonly engine: Engine;
  /** Whose services they are: those of the same owner and content can stand for each other. */
  readonly owner: object;
  readonly content: string;
}

/** Gives a session that serves the same already, else a new one. Disposing it ends it once nobody else uses it. */
export type SharedSessions = (options: SharedSessionOptions) => Promise<JobSession>;

interface OpenSession extends Pick<SharedSessionOptions, "engine" | "owner" | "content"> {
  readonly opened: Promise<JobSession>;
  session?: JobSession;
  users: number;
}

/**
 * Builds of the same files at the same time, as those of a package's platforms are, have one session: then the engine sees
 * that they ask for the same, and gets it once.
 *
 * @param signal - ends all of them
 */
export function createSharedSessions(signal: AbortSignal): SharedSessions {
  const open = new Set<OpenSession>();

  function begin({ engine, owner, content, services, sharedKey }: SharedSessionOptions): OpenSession {
    const opened = engine.openSession({ services, sharedKey, signal });
    const entry: OpenSession = { engine, owner, content, opened, users: 0 };
    open.add(entry);
    const forget = () => void open.delete(entry);
    opened.then((session) => {
      entry.session = session;
      session.closed.then(forget, forget);
    }, forget);
    return entry;
  }

  /** What has failed in something is for nobody who comes later: that would be told of them, too. */
  function find({ engine, owner, content }: SharedSessionOptions): OpenSession | undefined {
    return [...open].find(
      (one) => one.engine === engine && one.owner === owner && one.content === content && !one.session?.failures.length,
    );
  }

  return async (options) => {
    const entry = find(options) ?? begin(options);
    entry.users += 1;
    const leave = async (): Promise<void> => {
      entry.users -= 1;
      if (entry.users > 0) return;
      open.delete(entry);
      await (await entry.opened)[Symbol.asyncDispose]();
    };
    try {
      const session = await raceAbort(entry.opened, options.signal);
      let left: Promise<void> | undefined;
      return {
        ...session,
        [Symbol.asyncDispose]: () => {
          left ??= leave();
          return left;
        },
      };
    } catch (error) {
      // Whoever gives up does not wait for it; it may be for others.
      leave().catch(() => {});
      throw error;
    }
  };
}
