import type { CredentialSource } from "../credentials/credential-source.ts";
import { Auth } from "../proto/gen/auth_pb.js";
import type { SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

/**
 * Gives the daemon credentials for registries, so that it fetches tokens itself.
 * The token methods of the protocol are left out on purpose: the daemon then falls back to this one.
 * A host without credentials is answered with empty ones, which means anonymous.
 */
export function createAuthService(credentials: CredentialSource): SessionService {
  return {
    methods: unaryMethod(Auth.method.credentials, async ({ Host }, { signal }) => {
      const credential = await credentials.get(Host, { signal });
      switch (credential?.kind) {
        case "basic":
          return { Username: credential.username, Secret: credential.password };
        case "identity-token":
          return { Username: "", Secret: credential.token };
        default:
          return {};
      }
    }),
  };
}
