import { createServer, request } from "node:http";
import { pipeline } from "node:stream";
import type { Cache } from "../../sdk/oci/layout/cache.ts";
import { attestationSubject } from "../../sdk/oci/model/index-merge.ts";
import { parseIndex } from "../../sdk/oci/model/manifest.ts";
import { createRegistryClient, type RegistryClient } from "../../sdk/oci/registry/client.ts";
import { pushImage } from "../../sdk/oci/registry/publishing/image-copy.ts";
import { publishIndex } from "../../sdk/oci/registry/publishing/publish-index.ts";
import type { Repository } from "../../sdk/oci/registry/transport.ts";
import { createAttestation, createImage } from "./sample-image.ts";

export const ARCHITECTURES: readonly string[] = [
  ...["amd64", "arm64", "riscv64", "s390x", "ppc64le", "386", "loong64", "mips64le", "arm", "mips"],
];

type Random = () => number;

/** Numbers from 0 to 1 that are the same in every run. */
function createRandom(seed: number): Random {
  let state = seed * 7919 + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

const pause = (random: Random, limitMs: number) => new Promise((resolve) => setTimeout(resolve, random() * limitMs));

/** A client that is held up before and after every manifest that it puts: what it has read grows old. */
function createHesitant(client: RegistryClient, random: Random): RegistryClient {
  return {
    ...client,
    putManifest: async (reference, manifest, options) => {
      await pause(random, random() < 0.2 ? 200 : 20);
      const descriptor = await client.putManifest(reference, manifest, options);
      await pause(random, 40);
      return descriptor;
    },
  };
}

/** A network that breaks before a request arrives, or when its answer is on the way, and a registry that has too much to do. */
async function startBadNetwork(address: string, random: Random): Promise<{ address: string } & AsyncDisposable> {
  const [host = "", port = ""] = address.split(":");
  const server = createServer((incoming, response) => {
    const fate = random();
    if (fate < 0.01) return void incoming.socket.destroy();
    if (fate < 0.02) return void response.writeHead(503, { "retry-after": "0" }).end();
    const { url, method, headers } = incoming;
    const onward = request({ host, port, path: url, method, headers }, (answer) => {
      if (fate < 0.03) return void incoming.socket.destroy();
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      pipeline(answer, response, () => undefined);
    });
    pipeline(incoming, onward, () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  return {
    address: `127.0.0.1:${typeof bound === "object" ? bound?.port : ""}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function publishOne(repository: Repository, architecture: string, cache: Cache, random: Random): Promise<void> {
  const client = createRegistryClient();
  try {
    const image = await createImage(cache, architecture, 100);
    const attestation = await createAttestation(cache, image);
    for (const entry of [image, attestation]) await pushImage(client, repository, cache, entry);
    await pause(random, 100);
    const entries = [image, attestation];
    await publishIndex({ client: createHesitant(client, random), repository, tag: "v1", entries });
  } finally {
    client.close();
  }
}

/** What an index holds in the end. */
export interface WrittenIndex {
  readonly architectures: readonly string[];
  /** Those whose image has its attestation there, too. */
  readonly attested: readonly string[];
}

/** Ten writers at once, each with an architecture and what is attested of it, who start and pause at random, over a bad network. */
export async function runWriters(repository: Repository, cache: Cache, seed: number): Promise<WrittenIndex> {
  const random = createRandom(seed);
  await using network = await startBadNetwork(repository.registry, random);
  const through = { ...repository, registry: network.address };
  await Promise.all(ARCHITECTURES.map((architecture) => publishOne(through, architecture, cache, random)));
  const client = createRegistryClient();
  const { content } = await client.getManifest({ ...repository, tag: "v1" });
  client.close();
  const { manifests } = parseIndex(content, { origin: "the index" });
  const subjects = new Set(manifests.map(attestationSubject));
  const images = manifests.filter((entry) => attestationSubject(entry) === undefined);
  const namesOf = (entries: typeof images) => entries.map(({ platform }) => platform?.architecture ?? "").sort();
  return {
    architectures: namesOf(images),
    attested: namesOf(images.filter(({ digest }) => subjects.has(digest))),
  };
}
