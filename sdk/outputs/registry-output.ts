import { formatReference, type Reference } from "../oci/model/reference.ts";
import type { BuildOutput } from "./build-output.ts";
import { exportedDescriptor } from "./exported-descriptor.ts";
import { imageAttributes } from "./image-attributes.ts";

/** How an engine pushes. */
export interface RegistryOutputOptions {
  /** The repository; a tag or digest in it is not used. */
  readonly repository: Reference;
  readonly annotations: Readonly<Record<string, string>>;
  /** Plain http, or a certificate that nobody vouches for. */
  readonly insecure: boolean;
}

/** Pushes from the engine straight to the registry, by digest: no tag moves. */
export function registryOutput({ repository, annotations, insecure }: RegistryOutputOptions): BuildOutput {
  const { registry, repository: path } = repository;
  return {
    exporter: {
      type: "image",
      attributes: {
        ...imageAttributes(annotations),
        name: formatReference({ registry, repository: path }),
        push: "true",
        "push-by-digest": "true",
        // The engine's own image store would only keep a second, nameless copy.
        store: "false",
        ...(insecure ? { "registry.insecure": "true" } : {}),
      },
    },
    complete: async (exported) => exportedDescriptor(exported),
  };
}
