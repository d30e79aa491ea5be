import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type Abortable, raceAbort } from "../../core/abort.ts";
import { settleAll } from "../../core/concurrency.ts";
import { InputError, isKitsmithError } from "../../core/errors.ts";
import { SECRET_LIMIT_BYTES } from "../../core/secret-limit.ts";

/** Where a secret comes from. It never holds the value itself where that could be printed. */
export interface SecretSource {
  /** For people: `the environment variable CI_TOKEN`. */
  readonly origin: string;
  /** Finds out whether there is something to read, without asking anybody else for it. */
  readonly verify: () => Promise<void>;
  /** The value; undefined if there is none. */
  readonly read: (options: Abortable) => Promise<Uint8Array | undefined>;
}

/** Gets a secret when a step asks for it, and each time that one does. Undefined means that there is none. */
export type SecretCallback = (options: Abortable) => Promise<string | Uint8Array | undefined>;

/** What `.secrets({ … })` takes, by id. */
export type SecretInputs = Readonly<Record<string, SecretSource | SecretCallback>>;

/**
 * A secret from an environment variable. It is looked up when a verb runs; one that is not set is an InputError before
 * anything is built.
 *
 * @example
 * ```ts
 * pkg("pkg/agent").secrets({ TOKEN: fromEnv("CI_TOKEN") }); // RUN --mount=type=secret,id=TOKEN …
 * ```
 */
export function fromEnv(name: string): SecretSource {
  const origin = `the environment variable ${name}`;
  const read = async (): Promise<Buffer> => {
    const value = process.env[name];
    if (value === undefined) {
      throw new InputError("INPUT_SECRET_MISSING", `${origin} is not set, and a secret shall come from it`, {
        hint: "Set it, or take the secret from elsewhere with fromFile(…).",
      });
    }
    return limited(Buffer.from(value), origin);
  };
  return Object.freeze({ origin, read, verify: async () => void (await read()) });
}

/** A secret that a file holds, all its bytes. The path counts from the working directory. A missing file is an InputError before anything is built. */
export function fromFile(path: string): SecretSource {
  const file = resolve(path);
  const origin = `the file ${file}`;
  const unreadable = (cause?: unknown): InputError =>
    new InputError("INPUT_SECRET_MISSING", `${origin} cannot be read, and a secret shall come from it`, {
      ...(cause === undefined ? {} : { cause }),
      hint: "Its path counts from the working directory; it has to be a file, and readable.",
    });
  return Object.freeze({
    origin,
    verify: async () => {
      const found = await stat(file).catch((cause: unknown) => Promise.reject(unreadable(cause)));
      if (!found.isFile()) throw unreadable();
      assertSize(found.size, origin);
      await access(file, constants.R_OK).catch((cause: unknown) => Promise.reject(unreadable(cause)));
    },
    read: async ({ signal }: Abortable) => {
      const bytes = await readFile(file, { signal }).catch((cause: unknown) => Promise.reject(unreadable(cause)));
      return limited(bytes, origin);
    },
  });
}

/**
 * A secret that the program has already. Prefer {@link fromEnv} or {@link fromFile}: a secret in a script is none.
 *
 * @throws InputError `INPUT_SECRET_TOO_LARGE`
 */
export function fromValue(value: string | Uint8Array): SecretSource {
  const origin = "a value of the program";
  const bytes = limited(Buffer.from(value), origin);
  return Object.freeze({ origin, verify: async () => {}, read: async () => bytes });
}

/**
 * Sources as a package holds them: functions become sources, too.
 *
 * @throws InputError `INPUT_OPTION_INVALID` for what is neither, such as a bare text
 */
export function secretSources(inputs: SecretInputs): Readonly<Record<string, SecretSource>> {
  if ("" in inputs) throw new InputError("INPUT_OPTION_INVALID", "a secret has no id");
  return Object.fromEntries(Object.entries(inputs).map(([id, input]) => [id, secretSource(`the secret ${id}`, input)]));
}

/**
 * Makes sure that all secrets are there.
 *
 * @throws InputError `INPUT_SECRET_MISSING`, `INPUT_SECRET_TOO_LARGE`
 */
export async function verifySecrets(sources: Readonly<Record<string, SecretSource>>): Promise<void> {
  await settleAll(Object.values(sources).map(({ verify }) => verify()));
}

/**
 * One source; a function becomes one, too. `what` tells people what it is for.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 */
export function secretSource(what: string, input: SecretSource | SecretCallback): SecretSource {
  if (typeof input === "function") return fromCallback(what, input);
  if (typeof input === "object" && input !== null && typeof input.read === "function") return input;
  throw new InputError("INPUT_OPTION_INVALID", `${what} has no source`, {
    hint: "Give it fromEnv(…), fromFile(…), fromValue(…) or a function.",
  });
}

function fromCallback(what: string, callback: SecretCallback): SecretSource {
  const origin = `the function for ${what}`;
  return Object.freeze({
    origin,
    verify: async () => {},
    read: async (options: Abortable) => {
      const value = await answerOf(callback, options).catch((cause: unknown) => {
        options.signal?.throwIfAborted();
        throw callbackFailed(origin, cause);
      });
      return value === undefined ? undefined : limited(Buffer.from(value), origin);
    },
  });
}

/** What it throws at once is a rejection as well. One that does not heed its signal is not waited for once that has fired. */
async function answerOf(callback: SecretCallback, options: Abortable): Promise<Awaited<ReturnType<SecretCallback>>> {
  return await raceAbort(callback(options), options.signal);
}

function callbackFailed(origin: string, cause: unknown): unknown {
  if (isKitsmithError(cause)) return cause;
  return new InputError("INPUT_SECRET_MISSING", `${origin} failed`, { cause });
}

function limited(bytes: Buffer, origin: string): Buffer {
  assertSize(bytes.byteLength, origin);
  return bytes;
}

function assertSize(sizeBytes: number, origin: string): void {
  if (sizeBytes <= SECRET_LIMIT_BYTES) return;
  throw new InputError("INPUT_SECRET_TOO_LARGE", `${origin} holds ${sizeBytes} bytes; a secret has at most 500 KiB`, {
    hint: "Give a build its data as a file of the context; secrets are for tokens and keys.",
    details: { sizeBytes, limitBytes: SECRET_LIMIT_BYTES },
  });
}
