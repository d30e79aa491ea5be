import { Health, HealthCheckResponse_ServingStatus } from "../proto/gen/health_pb.js";
import type { SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

/** Says that the session is alive; the daemon asks every few seconds and ends sessions that do not answer. */
export function createHealthService(): SessionService {
  return {
    methods: unaryMethod(Health.method.check, async () => ({ status: HealthCheckResponse_ServingStatus.SERVING })),
  };
}
