import type { Duplex } from "node:stream";
import { Health } from "../../../sdk/proto/gen/health_pb.js";
import type { SessionService } from "../../../sdk/session/service.ts";
import { openSession, type Session, type SessionHeaders } from "../../../sdk/session/session.ts";
import { createGrpcClient, type GrpcClient } from "../../../sdk/wire/grpc-client.ts";
import { listen } from "../wire/grpc-fixture.ts";

/** A session, seen from where the daemon is. */
export interface DaemonSide extends AsyncDisposable {
  readonly session: Session;
  readonly headers: SessionHeaders;
  /** Calls into the session. */
  readonly client: GrpcClient;
}

/** Opens a session over a socket, and a client at its other end that calls into it, as a daemon does. */
export async function openDaemonSide(services: readonly SessionService[], sharedKey = "key"): Promise<DaemonSide> {
  let deliver: ((socket: Duplex) => void) | undefined;
  const incoming = new Promise<Duplex>((resolve) => {
    deliver = resolve;
  });
  const server = await listen((socket) => deliver?.(socket));
  const client = createGrpcClient({ endpoint: server.endpoint });
  const connecting = client.unary(Health.method.check, {});
  let headers: SessionHeaders = {};
  const session = await openSession({
    services,
    sharedKey,
    open: (given) => {
      headers = given;
      return incoming;
    },
  });
  await connecting;
  return {
    session,
    headers,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await session[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
