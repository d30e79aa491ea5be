import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError } from "../../core/errors.ts";
import { isRecord } from "../../core/json.ts";
import type { TlsOptions } from "../../wire/endpoint.ts";

/** The environment, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How a docker daemon is reached. */
export interface DockerEndpoint {
  /** `unix://…`, `tcp://…` or another of docker's schemes. */
  readonly host: string;
  readonly tls?: TlsOptions;
}

/** The docker CLI's directory: `$DOCKER_CONFIG`, else `~/.docker`. */
function dockerConfigDirectory(env: Environment): string {
  return env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");
}

/**
 * A context that the docker CLI keeps, or undefined if there is none of this name.
 *
 * @throws InputError INPUT_OPTION_INVALID if its file cannot be understood.
 * @source https://github.com/docker/cli/blob/v28.5.2/cli/context/store/doc.go
 */
export async function readDockerContext(env: Environment, name: string): Promise<DockerEndpoint | undefined> {
  const directory = join(dockerConfigDirectory(env), "contexts");
  const id = createHash("sha256").update(name).digest("hex");
  const file = join(directory, "meta", id, "meta.json");
  const text = await readText(file);
  if (text === undefined) return undefined;
  const docker = member(member(parse(text, file), "Endpoints"), "docker");
  const host = docker?.Host;
  if (typeof host !== "string" || host === "") throw invalid(file);
  const certificates = await readCertificates(join(directory, "tls", id, "docker"));
  const skipped = docker?.SkipTLSVerify === true;
  if (!host.startsWith("tcp://") || (certificates === undefined && !skipped)) return { host };
  return { host, tls: { ...certificates, ...(skipped ? { verify: false } : {}) } };
}

/** The context that `docker context use` chose, or undefined for the default one. */
export async function readCurrentContext(env: Environment): Promise<string | undefined> {
  const text = await readText(join(dockerConfigDirectory(env), "config.json"));
  if (text === undefined) return undefined;
  try {
    const name = member({ config: JSON.parse(text) }, "config")?.currentContext;
    return typeof name === "string" && name !== "" && name !== "default" ? name : undefined;
  } catch {
    // Whoever needs the credentials in it reports the file.
    return undefined;
  }
}

/** `DOCKER_HOST` with the certificates that the other variables name, or undefined if it is not set. */
export async function readDockerHost(env: Environment): Promise<DockerEndpoint | undefined> {
  return env.DOCKER_HOST ? await dockerHostEndpoint(env, env.DOCKER_HOST) : undefined;
}

/** A docker host's address with the certificates of `DOCKER_TLS_VERIFY`, `DOCKER_TLS` and `DOCKER_CERT_PATH`. */
export async function dockerHostEndpoint(env: Environment, host: string): Promise<DockerEndpoint> {
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  if (!host.startsWith("tcp://") || !(verify || env.DOCKER_TLS)) return { host };
  const certificates = await readCertificates(env.DOCKER_CERT_PATH || dockerConfigDirectory(env));
  return { host, tls: { ...certificates, ...(verify ? {} : { verify: false }) } };
}

async function readCertificates(directory: string): Promise<TlsOptions | undefined> {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "cert.pem", "key.pem"].map((name) => readText(join(directory, name))),
  );
  if (ca === undefined && cert === undefined) return undefined;
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}

async function readText(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch(() => undefined);
}

function parse(text: string, file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch (cause) {
    throw invalid(file, cause);
  }
  throw invalid(file);
}

function member(
  value: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Readonly<Record<string, unknown>> | undefined {
  const found = value?.[name];
  return isRecord(found) ? found : undefined;
}

function invalid(file: string, cause?: unknown): InputError {
  return new InputError("INPUT_OPTION_INVALID", "the docker context cannot be understood", {
    ...(cause === undefined ? {} : { cause }),
    location: { file },
    hint: "Look at it with `docker context inspect`, or remove it.",
  });
}
