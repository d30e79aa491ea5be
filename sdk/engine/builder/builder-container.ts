import { delay } from "../../core/abort.ts";
import { EngineError } from "../../core/errors.ts";
import type { Endpoint } from "../../wire/endpoint.ts";
import { withStartLock } from "../lifecycle/start-lock.ts";
import {
  type BuilderPlace,
  createBuilder,
  inspectBuilder,
  readBuilderFiles,
  removeBuilder,
  startBuilder,
} from "./builder-calls.ts";
import { type BuilderFiles, hasBuilderFiles, readBuilderConfig } from "./builder-config.ts";
import { BUILDER_IMAGE, type BuilderImageOptions, ensureBuilderImage } from "./builder-image.ts";
import { type BuilderAction, builderAction, type FoundBuilder, type WantedBuilder } from "./builder-state.ts";

/** A container, and how it comes to be. */
export interface BuilderOptions extends WantedBuilder, BuilderImageOptions {
  readonly name: string;
  /** A buildkitd.toml of this machine. Default: whatever the container has. */
  readonly config?: string | undefined;
}

interface Need {
  readonly action: BuilderAction;
  readonly found: FoundBuilder | undefined;
}

const ATTEMPTS = 3;
const PAUSE_MS = 1000;

/**
 * Sees to it that a container with a buildkitd runs on a docker daemon. One that is as it is wanted is left alone; one that
 * is not is made anew, and what it has built stays in its volume, unless the image is another one.
 *
 * @throws EngineError `ENGINE_UNREACHABLE`, `ENGINE_IMAGE_UNAVAILABLE`, `ENGINE_CONTAINER_TAKEN`, `ENGINE_START_FAILED`
 * @throws InputError `INPUT_SOURCE_MISSING`, `INPUT_OPTION_INVALID` for the config
 */
export async function ensureBuilder(docker: Endpoint, options: BuilderOptions): Promise<void> {
  const { name, signal } = options;
  const place: BuilderPlace = { docker, name, signal };
  const files = options.config === undefined ? undefined : await readBuilderConfig(options.config);
  const need = () => findNeed(place, options, files);
  if ((await need()).action.kind === "use") return;
  await inTurn(place, async () => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await perform(await need(), place, options, files);
      } catch (error) {
        if (!(error instanceof EngineError && error.details.busy === true) || attempt === ATTEMPTS) throw error;
      }
      await delay(PAUSE_MS, signal);
    }
  });
}

async function findNeed(place: BuilderPlace, options: BuilderOptions, files: BuilderFiles | undefined): Promise<Need> {
  const found = await inspectBuilder(place);
  if (found !== undefined && !found.isBuilder) throw taken(place.name, found.image);
  const hasConfig = !(found && files) || hasBuilderFiles(await readBuilderFiles(place), files);
  return { action: builderAction(found, options, hasConfig), found };
}

async function perform(
  { action, found }: Need,
  place: BuilderPlace,
  options: BuilderOptions,
  files: BuilderFiles | undefined,
): Promise<void> {
  if (action.kind === "use") return;
  const tell = (line: string) => options.onProgress?.(line);
  if (action.kind !== "start") {
    const image = options.image ?? found?.image ?? BUILDER_IMAGE;
    // First: where it cannot be had, what is there stays.
    await ensureBuilderImage(place.docker, image, options);
    if (action.kind === "recreate") {
      tell(`Removing the container ${place.name}: ${action.why}`);
      await removeBuilder(place, action.dropState);
    }
    tell(`Creating the container ${place.name} of ${image}`);
    await createBuilder(place, { image, network: options.network ?? found?.network, files });
  }
  tell(`Starting the container ${place.name}`);
  await startBuilder(place);
}

/** Runs of this machine take turns; those of others are met by further attempts. */
async function inTurn({ docker, name, signal }: BuilderPlace, run: () => Promise<void>): Promise<void> {
  if (process.platform !== "linux") return await run();
  const daemon = docker.kind === "unix" ? docker.path : `${docker.host}:${docker.port}`;
  await withStartLock(`container ${name} ${daemon}`, run, { signal });
}

function taken(name: string, image: string): EngineError {
  return new EngineError("ENGINE_CONTAINER_TAKEN", `the container ${name} (${image}) is no BuildKit`, {
    hint: "Give the engine's container another name; this one is left as it is.",
    details: { container: name, image },
  });
}
