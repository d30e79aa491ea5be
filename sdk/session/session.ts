import type { Duplex } from "node:stream";
import { InputError } from "../core/errors.ts";
import { serveGrpc } from "../wire/grpc-server.ts";
import { withCallLimit } from "./call-limit.ts";
import { createHealthService } from "./health.ts";
import { createIdentifier } from "./identifier.ts";
import { FAILURES_LIMIT } from "./limits.ts";
import type { SessionHandler, SessionService } from "./service.ts";

/** Headers that open a session, names in lower case; a list becomes one header per value. */
export type SessionHeaders = Readonly<Record<string, string | readonly string[]>>;

/** How a session is opened. */
export interface SessionOptions {
  /** Services beyond health, which every session has. */
  readonly services: readonly SessionService[];
  /** Text that names the directories which are served; the daemon keeps what it got and asks for changes. Hex digits are best. */
  readonly sharedKey: string;
  /** Opens the connection on which the daemon then calls. */
  readonly open: (headers: SessionHeaders) => Promise<Duplex>;
}

/** A failure of a service that the daemon got told only vaguely. */
export interface SessionFailure {
  readonly method: string;
  readonly error: unknown;
}

/** What the daemon can call while a build runs. Disposing it ends all calls. */
export interface Session extends AsyncDisposable {
  readonly id: string;
  /** Settles when the session is over, whoever ended it. */
  readonly closed: Promise<void>;
  /** What handlers threw, in order; at most the first hundred. */
  readonly failures: readonly SessionFailure[];
}

/**
 * Opens a session: tells the daemon what it may call, and serves that.
 *
 * @throws InputError `INPUT_OPTION_INVALID` if two services have the same method
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const id = createIdentifier();
  const failures: SessionFailure[] = [];
  const methods = mergeMethods([createHealthService(), ...options.services], failures);
  const connection = await options.open({
    "x-docker-expose-session-uuid": id,
    "x-docker-expose-session-sharedkey": options.sharedKey,
    "x-docker-expose-session-grpc-method": Object.keys(methods),
  });
  const server = serveGrpc(connection, methods);
  return {
    id,
    closed: server.closed,
    failures,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

function mergeMethods(
  services: readonly SessionService[],
  failures: SessionFailure[],
): Readonly<Record<string, SessionHandler>> {
  const methods: Record<string, SessionHandler> = {};
  for (const [method, handler] of services.flatMap((service) => Object.entries(service.methods))) {
    if (method in methods) throw new InputError("INPUT_OPTION_INVALID", `two services of a session have ${method}`);
    const limited = withCallLimit(method, handler);
    methods[method] = async (call) => {
      try {
        await limited(call);
      } catch (error) {
        if (!call.signal.aborted && failures.length < FAILURES_LIMIT) failures.push({ method, error });
        throw error;
      }
    };
  }
  return methods;
}
