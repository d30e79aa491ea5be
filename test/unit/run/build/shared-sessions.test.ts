import { expect, test } from "vitest";
import { EngineError } from "../../../../sdk/core/errors.ts";
import type { Engine, JobSession } from "../../../../sdk/engine/engine.ts";
import { createSharedSessions, type SharedSessionOptions } from "../../../../sdk/run/build/shared-sessions.ts";

interface Opened extends JobSession {
  readonly failures: { readonly method: string; readonly error: unknown }[];
  readonly end: () => void;
  isClosed: boolean;
}

/** An engine of which only the sessions are asked for; it refuses the first few. */
function createEngine(refused = 0) {
  const opened: Opened[] = [];
  let count = 0;
  const refuse = () => Promise.reject(new EngineError("ENGINE_LOST", "none of this is asked for"));
  const engine: Engine = {
    address: "unix:///none",
    kind: "buildkit",
    info: refuse,
    processors: refuse,
    diskUsage: refuse,
    prune: refuse,
    tryGraph: refuse,
    openJob: refuse,
    exportCache: refuse,
    openSession: async () => {
      count += 1;
      if (count <= refused) throw new EngineError("ENGINE_LOST", "not yet");
      let end = (): void => {};
      const closed = new Promise<void>((resolve) => (end = resolve));
      const session: Opened = {
        ...{ id: `${count}`, closed, failures: [], end, isClosed: false },
        [Symbol.asyncDispose]: async () => {
          session.isClosed = true;
          end();
        },
      };
      opened.push(session);
      return session;
    },
    [Symbol.asyncDispose]: async () => {},
  };
  return { engine, opened };
}

const owner = {};
const wish = (engine: Engine, more: Partial<SharedSessionOptions> = {}): SharedSessionOptions => ({
  ...{ engine, owner, content: "files", services: [], sharedKey: "" },
  ...more,
});
const create = () => createSharedSessions(new AbortController().signal);

test("those who serve the same have one session, which ends with the last of them", async () => {
  const { engine, opened } = createEngine();
  const sessions = create();
  const [first, second] = await Promise.all([sessions(wish(engine)), sessions(wish(engine))]);
  expect([first.id, second.id]).toEqual(["1", "1"]);
  await first[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  expect(opened[0]?.isClosed).toBe(false);
  await second[Symbol.asyncDispose]();
  expect(opened[0]?.isClosed).toBe(true);
  expect((await sessions(wish(engine))).id).toBe("2");
});

test("another content, another owner, another engine: another session", async () => {
  const [one, two] = [createEngine(), createEngine()];
  const sessions = create();
  const others = [wish(one.engine, { content: "others" }), wish(one.engine, { owner: {} }), wish(two.engine)];
  for (const options of [wish(one.engine), ...others]) await sessions(options);
  expect([one.opened.length, two.opened.length]).toEqual([3, 1]);
});

test("a session that broke, or failed in something, is for nobody who comes later", async () => {
  const { engine, opened } = createEngine();
  const sessions = create();
  const broken = await sessions(wish(engine));
  opened[0]?.end();
  await broken.closed;
  expect((await sessions(wish(engine))).id).toBe("2");
  opened[1]?.failures.push({ method: "/secret", error: "no" });
  expect((await sessions(wish(engine))).id).toBe("3");
});

test("that it could not be opened is told to all who waited, and tried again for the next", async () => {
  const { engine } = createEngine(1);
  const sessions = create();
  const ends = await Promise.allSettled([sessions(wish(engine)), sessions(wish(engine))]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect((await sessions(wish(engine))).id).toBe("2");
});

test("whoever gives up while it is opened does not wait, and ends it where nobody else wants it", async () => {
  const { engine, opened } = createEngine();
  let arrive = (): void => {};
  const arrival = new Promise<void>((resolve) => (arrive = resolve));
  const slow: Engine = {
    ...engine,
    openSession: async (options) => {
      await arrival;
      return await engine.openSession(options);
    },
  };
  const sessions = create();
  const reason = { because: "of this" };
  const impatient = sessions(wish(slow, { signal: AbortSignal.abort(reason) }));
  const patient = sessions(wish(slow));
  await expect(impatient).rejects.toBe(reason);
  const alone = sessions(wish(slow, { content: "others", signal: AbortSignal.abort(reason) }));
  await expect(alone).rejects.toBe(reason);
  arrive();
  const session = await patient;
  await new Promise((resolve) => setImmediate(resolve));
  expect(opened.map(({ isClosed }) => isClosed)).toEqual([false, true]);
  await session[Symbol.asyncDispose]();
  expect(opened[0]?.isClosed).toBe(true);
});
