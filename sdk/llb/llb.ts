import { captureCallSite } from "./call-site.ts";
import { copy, mkdir, mkfile, rm, symlink } from "./file-action.ts";
import { bindMount, cacheMount, secretMount, sshMount, tmpfsMount } from "./mount.ts";
import { EMPTY_SETTINGS, imageSettings, type Settings, withSettings } from "./settings.ts";
import { type ImageOptions, imageVertex, type LocalOptions, localVertex } from "./source.ts";
import { State } from "./state.ts";
import type { SourceVertex } from "./vertex.ts";

/**
 * An image from a registry, such as `alpine:3.20` or `ghcr.io/org/name@sha256:…`. Its environment, working directory
 * and user hold for what runs in it once the engine has resolved it.
 */
function image(reference: string, options: ImageOptions = {}): State {
  const vertex = imageVertex(reference, options, captureCallSite(image));
  return sourceState(vertex, imageSettings(vertex));
}

/** A directory that the client serves under `name`; in recipes use `context()`. */
function local(name: string, options: LocalOptions = {}): State {
  return sourceState(localVertex(name, options, captureCallSite(local)), EMPTY_SETTINGS);
}

const SCRATCH = new State(undefined);

/** An empty file system. */
function scratch(): State {
  return SCRATCH;
}

function sourceState(vertex: SourceVertex, settings: Settings): State {
  const { platform } = vertex.constraints;
  return new State(
    Object.freeze({ vertex, index: 0 }),
    platform === undefined ? settings : withSettings(settings, { platform }),
  );
}

/** The language of BuildKit: where states come from, mounts for `run`, and actions for `file`. */
export const llb: Llb = Object.freeze({
  image,
  local,
  scratch,
  bindMount,
  cacheMount,
  tmpfsMount,
  secretMount,
  sshMount,
  copy,
  mkdir,
  mkfile,
  rm,
  symlink,
});

/** The type of {@link llb}. */
export interface Llb {
  readonly image: typeof image;
  readonly local: typeof local;
  readonly scratch: typeof scratch;
  readonly bindMount: typeof bindMount;
  readonly cacheMount: typeof cacheMount;
  readonly tmpfsMount: typeof tmpfsMount;
  readonly secretMount: typeof secretMount;
  readonly sshMount: typeof sshMount;
  readonly copy: typeof copy;
  readonly mkdir: typeof mkdir;
  readonly mkfile: typeof mkfile;
  readonly rm: typeof rm;
  readonly symlink: typeof symlink;
}
