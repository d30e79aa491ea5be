import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { raceAbort } from "../core/abort.ts";
import { createLimiter, type Limiter } from "../core/concurrency.ts";
import { InputError } from "../core/errors.ts";
import { runCredentialHelper } from "./credential-helper.ts";
import type { Credential, CredentialSource } from "./credential-source.ts";
import { credentialKey, findHelper, findStoredCredential, parseDockerConfig } from "./docker-config.ts";

/** Where docker's settings are looked for. */
export interface DockerCredentialsOptions {
  /** Default: the process's own. Read: `DOCKER_AUTH_CONFIG`, `DOCKER_CONFIG`, `HOME`, and what helpers need. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The directory of config.json. Default: `DOCKER_CONFIG`, else `.docker` in the home directory. */
  readonly configDirectory?: string | undefined;
}

/** As long as BuildKit's own client keeps an answer: shorter than any cloud's token lives. */
const KEPT_MS = 290_000;

/**
 * The credentials that `docker login` left: `DOCKER_AUTH_CONFIG` first, then the host's helper, the general store, the
 * file itself. Answers are kept for a few minutes; a failure is not.
 */
export function createDockerCredentials(options: DockerCredentialsOptions = {}): CredentialSource {
  const env = options.env ?? process.env;
  const file = join(options.configDirectory ?? defaultDirectory(env), "config.json");
  const kept = new Map<string, { readonly credential: Credential | undefined; readonly untilMs: number }>();
  const turns = new Map<string, Limiter>();

  return {
    async get(host, { signal } = {}) {
      signal?.throwIfAborted();
      // One at a time for a host: whoever waits finds the answer of the one before.
      const inTurn = turns.get(host) ?? createLimiter(1);
      turns.set(host, inTurn);
      const answer = inTurn(async () => {
        const known = kept.get(host);
        if (known !== undefined && known.untilMs > Date.now()) return known.credential;
        signal?.throwIfAborted();
        const credential = await look(host, env, file, signal);
        kept.set(host, { credential, untilMs: Date.now() + KEPT_MS });
        return credential;
      });
      return await raceAbort(answer, signal);
    },
  };
}

async function look(
  host: string,
  env: Readonly<Record<string, string | undefined>>,
  file: string,
  signal: AbortSignal | undefined,
): Promise<Credential | undefined> {
  if (env.DOCKER_AUTH_CONFIG) {
    const given = parseDockerConfig(env.DOCKER_AUTH_CONFIG, "DOCKER_AUTH_CONFIG");
    const credential = findStoredCredential(given, host, "DOCKER_AUTH_CONFIG");
    if (credential !== undefined) return credential;
  }
  const text = await readConfig(file);
  if (text === undefined) return undefined;
  const config = parseDockerConfig(text, file);
  const helper = findHelper(config, host);
  const answer =
    helper === undefined ? undefined : await runCredentialHelper({ helper, key: credentialKey(host), env, signal });
  return answer ?? findStoredCredential(config, host, file);
}

async function readConfig(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")) {
      return undefined;
    }
    throw new InputError("INPUT_CREDENTIALS_INVALID", `${file} cannot be read`, { cause });
  }
}

function defaultDirectory(env: Readonly<Record<string, string | undefined>>): string {
  return env.DOCKER_CONFIG || join(env.HOME || "/", ".docker");
}
