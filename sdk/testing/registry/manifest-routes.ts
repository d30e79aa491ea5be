import type { IncomingMessage, ServerResponse } from "node:http";
import { type Digest, digestOf } from "../../core/digest.ts";
import { isKitsmithError } from "../../core/errors.ts";
import { concatBytes } from "../../oci/model/content.ts";
import type { Descriptor } from "../../oci/model/descriptor.ts";
import {
  createIndex,
  describeContent,
  encodeIndex,
  type ImageIndex,
  type ImageManifest,
  isIndex,
  MANIFEST_LIMIT_BYTES,
  parseIndexOrManifest,
} from "../../oci/model/manifest.ts";
import { MEDIA_TYPES } from "../../oci/model/media-type.ts";
import type { HeldManifest } from "./manifest-files.ts";
import { refuse } from "./refusal.ts";
import type { ManifestReference } from "./route.ts";
import type { RegistryStore } from "./store.ts";

/** Answers for one manifest: GET, HEAD, PUT, DELETE. */
export async function serveManifest(
  store: RegistryStore,
  repository: string,
  reference: ManifestReference,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === "PUT") return await putManifest(store, repository, reference, request, response);
  const found = await findManifest(store, repository, reference);
  if (found === undefined) throw refuse(404, "MANIFEST_UNKNOWN", `${repository} has no such manifest`);
  if (request.method === "DELETE") {
    if ("tag" in reference) await store.deleteTag(repository, reference.tag);
    else await store.deleteManifest(repository, found.digest);
    response.writeHead(202).end();
    return;
  }
  const content = await store.readManifest(found.digest);
  response.writeHead(200, {
    "content-type": found.mediaType,
    "content-length": content.byteLength,
    "docker-content-digest": found.digest,
    etag: `"${found.digest}"`,
  });
  response.end(request.method === "HEAD" ? undefined : content);
}

/** Answers with a repository's tags, in pages where that is asked for. */
export async function serveTags(
  store: RegistryStore,
  repository: string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const all = await store.listTags(repository);
  if (all === undefined) throw refuse(404, "NAME_UNKNOWN", `there is no ${repository}`);
  const last = query.get("last");
  const after = last === null ? all : all.filter((tag) => tag > last);
  const size = /^\d{1,9}$/.test(query.get("n") ?? "") ? Number(query.get("n")) : after.length;
  const tags = after.slice(0, size);
  const next = tags.at(-1);
  const more =
    next === undefined || tags.length === after.length ? undefined : new URLSearchParams({ n: `${size}`, last: next });
  const link = more === undefined ? {} : { link: `</v2/${repository}/tags/list?${more}>; rel="next"` };
  response.writeHead(200, { "content-type": "application/json", ...link });
  response.end(JSON.stringify({ name: repository, tags }));
}

/** Answers with what refers to a manifest. */
export async function serveReferrers(
  store: RegistryStore,
  repository: string,
  subject: Digest,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const artifactType = query.get("artifactType");
  const all = await store.listReferrers(repository, subject);
  const fitting = artifactType === null ? all : all.filter((entry) => entry.artifactType === artifactType);
  const filtered = artifactType === null ? {} : { "oci-filters-applied": "artifactType" };
  response.writeHead(200, { "content-type": MEDIA_TYPES.index, ...filtered });
  response.end(encodeIndex(createIndex(fitting)));
}

async function findManifest(
  store: RegistryStore,
  repository: string,
  reference: ManifestReference,
): Promise<HeldManifest | undefined> {
  const digest = "digest" in reference ? reference.digest : await store.resolveTag(repository, reference.tag);
  return digest === undefined ? undefined : await store.findManifest(repository, digest);
}

async function putManifest(
  store: RegistryStore,
  repository: string,
  reference: ManifestReference,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const content = await readManifestBody(request);
  const digest = digestOf(content);
  if ("digest" in reference && reference.digest !== digest) {
    throw refuse(400, "DIGEST_INVALID", "the manifest has another digest");
  }
  const manifest = parse(content, request.headers["content-type"]);
  await checkChildren(store, repository, manifest);
  await store.putManifest(repository, { digest, mediaType: manifest.mediaType }, content);
  if (manifest.subject !== undefined) {
    await store.addReferrer(repository, manifest.subject.digest, describeReferrer(content, manifest));
  }
  if ("tag" in reference) await store.setTag(repository, reference.tag, digest);
  response.writeHead(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    "docker-content-digest": digest,
    "content-length": 0,
    ...(manifest.subject === undefined ? {} : { "oci-subject": manifest.subject.digest }),
  });
  response.end();
}

async function readManifestBody(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MANIFEST_LIMIT_BYTES) throw refuse(413, "SIZE_INVALID", "the manifest is too large");
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}

function parse(content: Uint8Array, contentType: string | undefined): ImageIndex | ImageManifest {
  try {
    return parseIndexOrManifest(content, { origin: "the manifest", mediaType: contentType });
  } catch (cause) {
    if (isKitsmithError(cause)) throw refuse(400, "MANIFEST_INVALID", cause.message);
    throw cause;
  }
}

/** A manifest is accepted only when all that it names is there. */
async function checkChildren(
  store: RegistryStore,
  repository: string,
  manifest: ImageIndex | ImageManifest,
): Promise<void> {
  const missing = isIndex(manifest)
    ? await missingOf(manifest.manifests, ({ digest }) => store.findManifest(repository, digest))
    : await missingOf([manifest.config, ...manifest.layers.filter(isOwn)], ({ digest }) =>
        store.blobSize(repository, digest),
      );
  if (missing !== undefined) throw refuse(404, "MANIFEST_BLOB_UNKNOWN", `${repository} has no ${missing.digest}`);
}

async function missingOf(
  descriptors: readonly Descriptor[],
  find: (descriptor: Descriptor) => Promise<unknown>,
): Promise<Descriptor | undefined> {
  for (const descriptor of descriptors) if ((await find(descriptor)) === undefined) return descriptor;
  return undefined;
}

/** Layers with addresses of their own lie elsewhere. */
function isOwn(layer: Descriptor): boolean {
  return layer.urls === undefined || layer.urls.length === 0;
}

function describeReferrer(content: Uint8Array, manifest: ImageIndex | ImageManifest): Descriptor {
  const artifactType = manifest.artifactType ?? (isIndex(manifest) ? undefined : manifest.config.mediaType);
  return {
    ...describeContent(content, manifest.mediaType),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}
