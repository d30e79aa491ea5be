import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** Puts every image of an OCI layout into a registry; what is there already is not sent. Returns the images' names. */
export async function pushLayout(directory, registryUrl, { signal } = {}) {
  const index = JSON.parse(await readFile(join(directory, "index.json"), "utf8"));
  const names = [];
  for (const reference of index.manifests) {
    const name = reference.annotations["org.opencontainers.image.ref.name"];
    const separator = name.lastIndexOf(":");
    const repository = { directory, base: `${registryUrl}/v2/${name.slice(0, separator)}`, signal };
    const tag = name.slice(separator + 1);
    if (!(await hasManifest(repository, reference, tag))) await pushManifest(repository, reference, tag);
    names.push(name);
  }
  return names;
}

async function hasManifest(repository, { digest, mediaType }, tag) {
  const url = `${repository.base}/manifests/${tag}`;
  const known = await send(repository, "HEAD", url, [200, 404], { accept: mediaType });
  return known.status === 200 && known.headers["docker-content-digest"] === digest;
}

async function pushManifest(repository, descriptor, tag) {
  const file = blobPath(repository, descriptor);
  const manifest = JSON.parse(await readFile(file, "utf8"));
  for (const child of manifest.manifests ?? []) await pushManifest(repository, child, child.digest);
  for (const blob of manifest.config === undefined ? [] : [manifest.config, ...manifest.layers]) {
    await pushBlob(repository, blob);
  }
  await send(repository, "PUT", `${repository.base}/manifests/${tag}`, [201], {
    file,
    type: descriptor.mediaType,
  });
}

async function pushBlob(repository, blob) {
  const known = await send(repository, "HEAD", `${repository.base}/blobs/${blob.digest}`, [200, 404]);
  if (known.status === 200) return;
  const upload = await send(repository, "POST", `${repository.base}/blobs/uploads/`, [202]);
  const location = new URL(upload.headers.location, repository.base);
  location.searchParams.set("digest", blob.digest);
  await send(repository, "PUT", location.href, [201], {
    file: blobPath(repository, blob),
    type: "application/octet-stream",
  });
}

async function send({ signal }, method, url, accepted, { file, type, accept } = {}) {
  const { size } = file === undefined ? { size: 0 } : await stat(file);
  const headers = { "content-length": String(size), ...(type && { "content-type": type }), ...(accept && { accept }) };
  const start = url.startsWith("https:") ? httpsRequest : httpRequest;
  const request = start(url, { method, headers, signal });
  const answer = new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      response.resume();
      response.once("end", () => resolve({ status: response.statusCode, headers: response.headers }));
    });
  });
  // The answer may come before the body is sent whole; then it is the answer that counts.
  if (file === undefined) request.end();
  else await Promise.race([pipeline(createReadStream(file), request), answer]);
  const result = await answer;
  if (!accepted.includes(result.status)) throw new Error(`${method} ${url} was answered with ${result.status}`);
  return result;
}

function blobPath({ directory }, { digest }) {
  return join(directory, "blobs/sha256", digest.slice("sha256:".length));
}
