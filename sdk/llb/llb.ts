import { captureCallSite } from "./call-site.ts";
import { EMPTY_SETTINGS, imageSettings, type Settings, withSettings } from "./settings.ts";
import { type GitOptions, gitVertex } from "./sources/git-source.ts";
import { type FileSourceOptions, type HttpOptions, httpVertex } from "./sources/http-source.ts";
import {
  imageBlobVertex,
  type OciLayoutBlobOptions,
  type OciLayoutOptions,
  ociLayoutBlobVertex,
  ociLayoutVertex,
} from "./sources/oci-source.ts";
import { type ImageOptions, imageVertex, type LocalOptions, localVertex } from "./sources/source.ts";
import { State } from "./state.ts";
import type { SourceVertex } from "./vertex.ts";

export { dockerfile, from, frontend } from "./deferred/deferred.ts";
export { bindMount, cacheMount, secretMount, sshMount, tmpfsMount } from "./exec/mount.ts";
export { copy, mkdir, mkfile, rm, symlink } from "./file/file-action.ts";
export { after, diff, merge, passthrough, solveFile } from "./join.ts";
export { result } from "./result.ts";

/**
 * An image from a registry, such as `alpine:3.20` or `ghcr.io/org/name@sha256:…`. Its environment, working directory
 * and user hold for what runs in it once the engine has resolved it.
 */
export function image(reference: string, options: ImageOptions = {}): State {
  const vertex = imageVertex(reference, options, captureCallSite(image));
  return sourceState(vertex, imageSettings(vertex));
}

/** A git repository, such as `https://github.com/org/name.git#v1:subdir` or `git@host:org/name`. */
export function git(url: string, options: GitOptions = {}): State {
  return sourceState(gitVertex(url, options, captureCallSite(git)), EMPTY_SETTINGS);
}

/** A file from the web. */
export function http(url: string, options: HttpOptions = {}): State {
  return sourceState(httpVertex(url, options, captureCallSite(http)), EMPTY_SETTINGS);
}

/** An image in an OCI layout that the session serves: `name[:tag]@sha256:…`. */
export function ociLayout(reference: string, options: OciLayoutOptions = {}): State {
  return sourceState(ociLayoutVertex(reference, options, captureCallSite(ociLayout)), EMPTY_SETTINGS);
}

/** One blob of a registry's repository, as a file: `name@sha256:…`. */
export function imageBlob(reference: string, options: FileSourceOptions = {}): State {
  return sourceState(imageBlobVertex(reference, options, captureCallSite(imageBlob)), EMPTY_SETTINGS);
}

/** One blob of an OCI layout that the session serves, as a file: `name@sha256:…`. */
export function ociLayoutBlob(reference: string, options: OciLayoutBlobOptions = {}): State {
  return sourceState(ociLayoutBlobVertex(reference, options, captureCallSite(ociLayoutBlob)), EMPTY_SETTINGS);
}

/** A directory that the client serves under `name`; in recipes use `context()`. */
export function local(name: string, options: LocalOptions = {}): State {
  return sourceState(localVertex(name, options, captureCallSite(local)), EMPTY_SETTINGS);
}

const SCRATCH = new State(undefined);

/** An empty file system. */
export function scratch(): State {
  return SCRATCH;
}

function sourceState(vertex: SourceVertex, settings: Settings): State {
  const { platform } = vertex.constraints;
  return new State(
    Object.freeze({ vertex, index: 0 }),
    platform === undefined ? settings : withSettings(settings, { platform }),
  );
}
