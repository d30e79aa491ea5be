import { type Abortable, anySignal } from "../core/abort.ts";
import { EngineError } from "../core/errors.ts";
import { parseEndpoint, type TlsOptions } from "../wire/endpoint.ts";
import { StatusError } from "../wire/status.ts";
import type { Engine } from "./engine.ts";
import { readEngineInfo } from "./engine-info.ts";
import { openJob } from "./job.ts";
import { createTransport, type EngineKind } from "./transport.ts";

/** How an engine is reached. */
export interface ConnectOptions extends Abortable {
  /** `docker` for dockerd's socket, `buildkit` for a daemon that speaks BuildKit's protocol itself. Default `buildkit`. */
  readonly kind?: EngineKind;
  /** For `tcp://` addresses. Default: no TLS. */
  readonly tls?: TlsOptions;
  /** For people. Default: the address. */
  readonly name?: string;
  /** How long the engine may take to answer at first. Default 10 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Connects to an engine at `unix:///path` or `tcp://host:port` and asks what it is.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_TOO_OLD`
 * @throws InputError `INPUT_OPTION_INVALID` for an address that is none
 */
export async function connectEngine(address: string, options: ConnectOptions = {}): Promise<Engine> {
  const { kind = "buildkit", tls, name = address, signal, timeoutMs = TIMEOUT_MS } = options;
  const transport = createTransport(kind, parseEndpoint(address, tls));
  const main = transport.createClient();
  try {
    const info = await readEngineInfo(main, kind, { signal: anySignal(signal, AbortSignal.timeout(timeoutMs)) });
    return Object.freeze({
      address: name,
      kind,
      info: async () => info,
      openJob: (jobOptions) => openJob({ address: name, transport, main }, jobOptions),
      [Symbol.asyncDispose]: async () => main.close(),
    } satisfies Engine);
  } catch (error) {
    main.close();
    signal?.throwIfAborted();
    if (error instanceof EngineError) throw error;
    throw unreachable(name, error);
  }
}

function unreachable(name: string, cause: unknown): EngineError {
  const why = cause instanceof StatusError ? cause.statusMessage : "it does not answer in time";
  return new EngineError("ENGINE_UNREACHABLE", `${name} cannot be used: ${why}`, {
    cause,
    hint: "Check that the engine runs and that this user may use its socket.",
    retryable: true,
  });
}
