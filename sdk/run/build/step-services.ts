import type { Redactor } from "../../core/redact.ts";
import { createSecretsService, type SecretValue } from "../../session/secrets.ts";
import type { SessionService } from "../../session/service.ts";
import { createSshService } from "../../session/ssh.ts";
import type { PackageSpec } from "../facade/package-spec.ts";
import { sshAgents } from "../facade/ssh-agents.ts";

/**
 * What build steps of a package may ask for: its secrets, read only then and known to the redactor before they leave, and
 * its ssh agents.
 */
export function stepServices(
  { secrets, ssh }: Pick<PackageSpec, "secrets" | "ssh">,
  redactor: Redactor,
): readonly SessionService[] {
  const values = Object.entries(secrets).map(([id, { read }]): readonly [string, SecretValue] => [
    id,
    async (options) => {
      const value = await read(options);
      if (value !== undefined) redactor.add(value);
      return value;
    },
  ]);
  return [createSecretsService(new Map(values)), createSshService(sshAgents(ssh))];
}
