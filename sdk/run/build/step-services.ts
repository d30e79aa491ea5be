import { digestHex } from "../../core/digest.ts";
import type { Redactor } from "../../core/redact.ts";
import type { Package } from "../../pkg/package.ts";
import { createSecretsService, type SecretValue } from "../../session/secrets.ts";
import type { SessionService } from "../../session/service.ts";
import { createSshService } from "../../session/ssh.ts";
import { createUploadService, type UploadSource } from "../../session/upload.ts";
import { contextFileContent } from "../facade/context-file.ts";
import { sshAgents } from "../facade/ssh-agents.ts";
import type { TaggedPackage } from "../tagging/tagging.ts";

/**
 * What the build of a package may ask for besides its directories: its secrets, read only then and known to the redactor
 * before they leave, its ssh agents, and the file that is its context.
 */
export function stepServices(
  { spec: { secrets, ssh }, package: { source } }: Pick<TaggedPackage, "spec" | "package">,
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
  return [createSecretsService(new Map(values)), createSshService(sshAgents(ssh)), ...contextUpload(source)];
}

/** The engine finds it by its digest. */
function contextUpload(source: Package["source"]): readonly SessionService[] {
  const file = source.kind === "dockerfile" ? source.remote?.file : undefined;
  if (file?.digest === undefined) return [];
  const content: UploadSource = ({ signal }) => contextFileContent(file, { signal });
  return [createUploadService(new Map([[digestHex(file.digest), content]]))];
}
