import type { Abortable } from "../core/abort.ts";
import { Secrets } from "../proto/gen/secrets_pb.js";
import { StatusError } from "../wire/status.ts";
import type { SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

/** A secret's bytes, or a function that gets them when the build asks; undefined means there is none. */
export type SecretValue = Uint8Array | ((options: Abortable) => Promise<Uint8Array | undefined>);

/** Serves secrets by id. An id that is not there is answered with NOT_FOUND; the build then fails unless it is optional. */
export function createSecretsService(secrets: ReadonlyMap<string, SecretValue>): SessionService {
  return {
    methods: unaryMethod(Secrets.method.getSecret, async ({ ID }, { signal }) => {
      const value = secrets.get(ID);
      const data = typeof value === "function" ? await value({ signal }) : value;
      if (data === undefined) throw new StatusError("NOT_FOUND", `there is no secret ${ID}`);
      return { data };
    }),
  };
}
