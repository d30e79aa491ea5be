import type { Abortable } from "../../core/abort.ts";
import { isKitsmithError } from "../../core/errors.ts";
import type { Platform } from "../../core/platform.ts";
import type { Credential } from "../../credentials/credential-source.ts";
import { createRegistryPolicy, type RegistrySettings } from "../../credentials/registry-policy.ts";
import { openBuilderEngine } from "../../engine/builder/builder-engine.ts";
import { findBuilderContext, platformContextName } from "../../engine/discovery/builders.ts";
import { readDockerContext } from "../../engine/discovery/docker-context.ts";
import type { Engine } from "../../engine/engine.ts";
import { parseReference } from "../../oci/model/reference.ts";
import type { EngineSurroundings } from "./engine-choice.ts";
import type { ContainerEngineOptions, DockerPlace } from "./engine-selection.ts";

const DEFAULT_NAME = "linuxkit-builder";

interface Place {
  readonly docker: DockerPlace;
  /** True if somebody asked for this very one: no other is taken in its place. */
  readonly named: boolean;
}

/**
 * Sees to the container that builds a platform, and connects to it.
 *
 * @throws EngineError, InputError, as `openBuilderEngine`
 */
export async function openContainerEngine(
  choice: ContainerEngineOptions,
  platform: Platform,
  { context, registries, ensured }: EngineSurroundings,
): Promise<Engine> {
  const { name = DEFAULT_NAME, image, config, restart, network } = choice;
  const { signal, emit } = context;
  const open = async ({ docker }: Place) =>
    await openBuilderEngine({
      ...{ name, image, config, restart, network, docker, ensured, signal },
      registryAuth: (wanted, options) => registryAuth(wanted, registries, options),
      onProgress: (detail) => emit({ type: "engine.starting", at: Date.now(), address: name, detail }),
    });
  const place: Place = choice.docker ? { docker: choice.docker, named: true } : await placeOf(platform);
  try {
    return await open(place);
  } catch (error) {
    signal.throwIfAborted();
    if (place.named || !isKitsmithError(error)) throw error;
    return await open({ docker: {}, named: true });
  }
}

async function placeOf(platform: Platform): Promise<Place> {
  const { env } = process;
  const named = findBuilderContext(env.LINUXKIT_BUILDERS ?? "", platform);
  if (named !== undefined) return { docker: { context: named }, named: true };
  const context = platformContextName(platform);
  if ((await readDockerContext(env, context)) !== undefined) return { docker: { context }, named: false };
  return { docker: {}, named: true };
}

/** Docker pulls as whoever asks, and not as whoever runs it. */
async function registryAuth(
  image: string,
  registries: RegistrySettings | undefined,
  options: Abortable,
): Promise<string | undefined> {
  const { registry } = parseReference(image);
  const credential = await createRegistryPolicy(registries).credentials.get(registry, options);
  if (credential === undefined) return undefined;
  const auth = Buffer.from(JSON.stringify({ ...authOf(credential), serveraddress: registry })).toString("base64url");
  // Docker takes nothing without the padding, and does not say so.
  return auth.padEnd(Math.ceil(auth.length / 4) * 4, "=");
}

function authOf(credential: Credential): Readonly<Record<string, string>> {
  if (credential.kind === "basic") return { username: credential.username, password: credential.password };
  if (credential.kind === "identity-token") return { identitytoken: credential.token };
  return { registrytoken: credential.token };
}
