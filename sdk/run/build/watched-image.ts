import { PlanError } from "../../core/errors.ts";
import type { Image } from "../../image/image.ts";

/** An image whose every look is watched. */
export interface WatchedImage {
  readonly image: Image;
  /**
   * Holds that nothing is under way any more, and that nothing failed without anybody taking notice.
   *
   * @throws PlanError `PLAN_CHECK_FAILED`; the failure itself
   */
  assertSettled(): Promise<void>;
}

/** Watches what a check asks of an image: a forgotten `await` must not let it pass. */
export function watchImage(image: Image): WatchedImage {
  const looks: Look<unknown>[] = [];
  const watch = <T>(what: string, work: Promise<T>): Promise<T> => {
    const look = Look.at(what, work);
    looks.push(look);
    return look;
  };
  function readFile(path: string): Promise<Buffer>;
  function readFile(path: string, encoding: "utf8"): Promise<string>;
  function readFile(path: string, encoding?: "utf8"): Promise<Buffer | string> {
    const what = `readFile(${path})`;
    return encoding === undefined ? watch(what, image.readFile(path)) : watch(what, image.readFile(path, encoding));
  }
  const { platform, reference, digest, config } = image;
  const watched: Image = {
    ...{ platform, reference, config, readFile },
    ...(digest === undefined ? {} : { digest }),
    readDirectory: (path) => watch(`readDirectory(${path})`, image.readDirectory(path)),
    stat: (path) => watch(`stat(${path})`, image.stat(path)),
    assertFile: (path, expected) => watch(`assertFile(${path})`, image.assertFile(path, expected)),
    exec: (args, options) => watch(`exec(${args.join(" ")})`, image.exec(args, options)),
    openContainer: (options) => watch("openContainer()", image.openContainer(options)),
    [Symbol.asyncDispose]: async () => {},
  };
  return { image: Object.freeze(watched), assertSettled: () => assertSettled(looks) };
}

async function assertSettled(looks: readonly Look<unknown>[]): Promise<void> {
  const pending = looks.filter((look) => look.outcome === undefined).map((look) => look.what);
  if (pending.length > 0) {
    throw new PlanError("PLAN_CHECK_FAILED", `it ended while ${pending.join(", ")} was still under way`, {
      hint: "Put await before it.",
      details: { pending },
    });
  }
  for (const { outcome, isObserved } of looks) if (outcome?.ok === false && !isObserved) throw outcome.error;
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: unknown };

/** A promise that knows how it ended, and whether anybody waits for it. */
class Look<T> extends Promise<T> implements PromiseLike<T> {
  what = "";
  outcome: Outcome | undefined;
  isObserved = false;

  // What follows from it is an ordinary promise.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  static at<T>(what: string, work: Promise<T>): Look<T> {
    const look = new Look<T>((resolve, reject) => {
      work.then(resolve, reject);
    });
    look.what = what;
    // A failure that nobody waits for is told at the end of the check, and not by the process.
    Promise.prototype.then.call(
      look,
      () => {
        look.outcome = { ok: true };
      },
      (error: unknown) => {
        look.outcome = { ok: false, error };
      },
    );
    return look;
  }

  override then<Value = T, Failure = never>(
    onValue?: ((value: T) => Value | PromiseLike<Value>) | null,
    onFailure?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    this.isObserved = true;
    return super.then(onValue, onFailure);
  }
}
