import { type Abortable, raceAbort, withDeadline } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import { SECRET_LIMIT_BYTES } from "../core/secret-limit.ts";
import { Secrets } from "../proto/gen/secrets_pb.js";
import { StatusError } from "../wire/status.ts";
import { SECRET_TIMEOUT_MS } from "./limits.ts";
import type { SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

/** A secret's bytes, or a function that gets them when the build asks; undefined means there is none. */
export type SecretValue = Uint8Array | ((options: Abortable) => Promise<Uint8Array | undefined>);

/** How secrets are served. */
export interface SecretsOptions {
  /** How long a function may take. Default 5 minutes: it may ask a person. */
  readonly answerTimeoutMs?: number;
}

/**
 * Serves secrets by id. An id that is not there is answered with NOT_FOUND; the build then fails unless it is optional. One
 * that is too large, or does not come, fails the call.
 */
export function createSecretsService(
  secrets: ReadonlyMap<string, SecretValue>,
  { answerTimeoutMs = SECRET_TIMEOUT_MS }: SecretsOptions = {},
): SessionService {
  return {
    methods: unaryMethod(Secrets.method.getSecret, async ({ ID }, { signal }) => {
      const value = secrets.get(ID);
      const data = typeof value === "function" ? await ask(ID, value, { signal, answerTimeoutMs }) : value;
      if (data === undefined) throw new StatusError("NOT_FOUND", `there is no secret ${ID}`);
      assertSize(ID, data.byteLength);
      return { data };
    }),
  };
}

async function ask(
  id: string,
  read: Exclude<SecretValue, Uint8Array>,
  { signal, answerTimeoutMs }: Abortable & Required<SecretsOptions>,
): Promise<Uint8Array | undefined> {
  const deadline = { signal, timeoutMs: answerTimeoutMs, late: () => tooLate(id, answerTimeoutMs) };
  return await withDeadline(deadline, (either) => raceAbort(read({ signal: either }), either));
}

function tooLate(id: string, answerTimeoutMs: number): InputError {
  return new InputError("INPUT_SECRET_MISSING", `the function for the secret ${id} did not answer in time`, {
    hint: "See what it waits for; it gets a signal that says when nobody waits any more.",
    details: { answerTimeoutMs },
  });
}

function assertSize(id: string, sizeBytes: number): void {
  if (sizeBytes <= SECRET_LIMIT_BYTES) return;
  throw new InputError("INPUT_SECRET_TOO_LARGE", `the secret ${id} holds ${sizeBytes} bytes; it may have 500 KiB`, {
    hint: "Give a build its data as a file of the context; secrets are for tokens and keys.",
    details: { sizeBytes, limitBytes: SECRET_LIMIT_BYTES },
  });
}
